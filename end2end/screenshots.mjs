// `node screenshots.mjs OUT`: every page at 390 and 1440 px, light and dark, for people to look at.
// It refuses to judge: a picture is written of whatever is there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { alive, openBrowser, staffBrowser } from './harness.mjs';
import { Hand } from './phone.mjs';
import { draft, enter, scenes } from './scenes.mjs';
import { ACCOUNTS, World } from './world.mjs';

const SIZES = [390, 1440];
const THEMES = ['light', 'dark'];

/** A page's pictures, whole length. */
async function shoot(page, folder, name, whole = true) {
  if (whole) await page.evaluate(() => window.scrollTo(0, 0));
  for (const width of SIZES) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: whole });
    }
  }
}

/** The phones along the main job, then the whole desk. */
async function phones(world, browser, out) {
  const context = await browser.newContext({ locale: 'zh-CN', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const picture = (name) => shoot(page, out, `phone-${name}`, false);
  await page.goto(`${world.sim}/phone`);
  await page.getByTestId('phone').first().waitFor();
  const hand = new Hand(page, (await Hand.ids(page))[0]);
  await picture('home');
  await hand.tap('open-article');
  await picture('article');
  await hand.on('article-icon-coffee').scrollIntoViewIfNeeded();
  await picture('article-icons');
  await hand.tap('article-icon-coffee');
  await hand.web.locator('[data-qr]').first().waitFor();
  await picture('link');
  await hand.pressLong(hand.web.locator('[data-qr]').first());
  await picture('sheet');
  await hand.tap('qr-sheet-open');
  await picture('profile');
  await hand.tap('follow');
  await hand.tap('enter-chat');
  await hand.on('chat-link').waitFor();
  await picture('chat');
  await hand.tap('chat-link');
  await hand.web.getByTestId('claim').waitFor();
  await picture('claim');
  await hand.press();
  await hand.on('packet-banner').waitFor();
  await picture('banner');
  await hand.tap('packet-banner');
  await picture('notice');
  await hand.tap('packet');
  await hand.on('packet-open').waitFor();
  await picture('packet');
  await hand.tap('packet-open');
  await hand.on('packet-wallet').waitFor();
  await picture('opened');
  await hand.tap('packet-wallet');
  await picture('wallet');
  await page.setViewportSize({ width: 1440, height: 900 });
  for (const name of ['小红', '阿强']) await Hand.pickUp(page, name);
  await picture('three');
  await context.close();
}

/** Every page of the dashboard, with some claims in it. */
async function dashboard(world, browser, out) {
  const door = await browser.newPage();
  await door.goto(`${world.origin}/admin/sign-in`);
  await shoot(door, out, 'admin-sign-in');
  await door.close();
  const { page, context } = await staffBrowser(browser, world.origin);
  const first = (path, kind) => page.goto(world.origin + path).then(() => page.locator(`td.head a[href*="/admin/${kind}/"]`).first().getAttribute('href'));
  const pages = {
    overview: '/admin', campaigns: '/admin/campaigns', 'campaign-new': '/admin/campaigns/new', campaign: await first('/admin/campaigns', 'campaigns'),
    accounts: '/admin/accounts', 'account-new': '/admin/accounts/new', account: await first('/admin/accounts', 'accounts'), claims: '/admin/claims', budgets: '/admin/budgets',
    'budget-line': await first('/admin/budgets', 'budgets'), payouts: '/admin/payouts', payout: await first('/admin/payouts', 'payouts'), rails: '/admin/rails', alerts: '/admin/alerts',
  };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(world.origin + path);
    await alive(page);
    await page.locator('main h1').first().waitFor();
    await shoot(page, out, `admin-${name}`);
  }
  await page.goto(`${world.origin}/admin/campaigns/new`);
  await alive(page, 'form.card');
  await page.getByTestId('create-campaign').click();
  await page.locator('.summary').waitFor();
  await shoot(page, out, 'admin-errors');
  await page.goto(`${world.origin}${pages.campaign}`);
  await alive(page);
  await page.getByTestId('step-pause').click();
  await shoot(page, out, 'admin-dialog', false);
  await rehearsal(world, browser, out, page);
  await context.close();
}

/** A draft with two testers, one of whom collected a packet, and the question before its start. */
async function rehearsal(world, browser, out, page) {
  const { id, link } = await draft(world, 'dress');
  for (const name of ['自己人', '同事']) {
    const phone = await world.follower(name);
    const { context } = await enter(browser, { name, wanted: 'main[data-state="sent"]', phone, url: link, claim: true });
    await context.close();
    const [bill] = await world.wallet(phone);
    if (name === '同事') await world.control('POST', `phones/${phone}/collect`, { bill_no: bill.bill_no });
  }
  await world.control('POST', 'clock', { advance_secs: 60 });
  await page.goto(`${world.origin}/admin/campaigns/${id}`);
  await alive(page);
  await page.locator('.rehearsal [data-test="check-rehearsed"][data-done="yes"]').waitFor();
  await shoot(page, out, 'admin-draft');
  await page.getByTestId('step-start').click();
  await shoot(page, out, 'admin-start', false);
  const other = await draft(world, 'bold');
  await page.goto(`${world.origin}/admin/campaigns/${other.id}`);
  await alive(page);
  await page.getByTestId('step-start').click();
  await shoot(page, out, 'admin-start-untested', false);
  await page.goto(`${world.origin}/admin/claims?campaign=dress`);
  await alive(page);
  await shoot(page, out, 'admin-claims-rehearsal');
}

/** Every state of a follower's pages. */
async function followers(world, browser, out) {
  for await (const scene of scenes(world)) {
    const { page, context } = await enter(browser, scene);
    await shoot(page, out, `page-${scene.name}`);
    await context.close();
  }
}

const out = process.argv[2];
if (!out) {
  console.error('usage: node screenshots.mjs OUT');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const browser = await openBrowser();
const world = await World.start();
let failed = true;
try {
  await phones(world, browser, out);
  for (const appid of Object.values(ACCOUNTS)) {
    const { context } = await enter(browser, {
      name: 'claim', wanted: 'main[data-state="sent"]', claim: true, ...await world.follower('一位', appid).then(async (phone) => ({ phone, url: await world.claimLink(phone) })),
    });
    await context.close();
  }
  await dashboard(world, browser, out);
  await followers(world, browser, out);
  failed = false;
} finally {
  await browser.close();
  await world.stop(failed);
}
