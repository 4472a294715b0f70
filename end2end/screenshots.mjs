// `node screenshots.mjs OUT`: every page at 390 and 1440 px, light and dark, for people to look at.
// It refuses to judge: a picture is written of whatever is there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { alive, openBrowser, staffBrowser } from './harness.mjs';
import { Hand } from './phone.mjs';
import { draft, enter, scenes } from './scenes.mjs';
import { ACCOUNTS, World, until } from './world.mjs';

const SIZES = [390, 1440];
const THEMES = ['light', 'dark'];

/** A page's pictures, whole length, or those of one element. */
async function shoot(page, folder, name, whole = true, element = null) {
  if (whole) await page.evaluate(() => window.scrollTo(0, 0));
  for (const width of SIZES) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const path = join(folder, `${name}-${width}-${colorScheme}.png`);
      await (element ? element.screenshot({ path }) : page.screenshot({ path, fullPage: whole }));
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
  const office = await world.office();
  const campaign = BigInt((await office('/admin/campaigns')).match(/campaigns\/(\d+)/)[1]);
  await office('/api/finance/set_rail', { id: campaign, rail: 'transfer' });
  const other = new Hand(page, (await Hand.ids(page))[1]);
  await other.followFromArticle('coffee');
  await other.tap('chat-link');
  await other.press();
  await other.state('confirm_needed');
  await other.web.locator('#confirm').click();
  await other.on('transfer-confirm').waitFor();
  await picture('transfer');
  await office('/api/finance/set_rail', { id: campaign, rail: 'redpack' });
  await context.close();
}

/** A claim in WeChat's browser, up to one of these states. */
async function claim(world, browser, name, state = 'sent', appid = ACCOUNTS.safe) {
  const phone = await world.follower(name, appid);
  const { context } = await enter(browser, { name: 'claim', wanted: `main[data-state="${state}"]`, claim: true, phone, url: await world.claimLink(phone) });
  await context.close();
}

/** A day of claims whose bill came wrong: a row missing, one twice, one with another amount. Returns the bill as a file. */
async function yesterday(world, browser) {
  for (const appid of Object.values(ACCOUNTS)) await claim(world, browser, '一位', 'sent', appid);
  const { now_ms } = await world.control('GET', 'clock');
  const date = new Date(now_ms + 8 * 3600_000).toISOString().slice(0, 10);
  // A transfer that nobody confirmed is in no bill.
  const packets = (await world.books()).bills.filter((bill) => bill.rail === 'redpack');
  const kinds = ['omit', 'double', 'amount'];
  for (const [at, kind] of kinds.entries()) await world.control('POST', 'bill', { kind, date, bill_no: packets[at].bill_no });
  await world.control('POST', 'clock', { advance_secs: 86_400 });
  const buffer = Buffer.from(await (await fetch(`${world.sim}/_sim/bill?date=${date}`)).arrayBuffer());
  return { name: `${date}.csv`, mimeType: 'text/csv', buffer };
}

/** Payouts that wait, failed and are unknown, then a rail that stands still; with what they make staff look at. */
async function troubles(world, browser) {
  const office = await world.office();
  const campaign = BigInt((await office('/admin/campaigns')).match(/campaigns\/(\d+)/)[1]);
  const fault = (on, kind, more = {}) => world.control('POST', 'faults', { on, kind, ...more });
  for (const appid of Object.values(ACCOUNTS)) await claim(world, browser, '今天', 'sent', appid);
  await office('/api/finance/set_rail', { id: campaign, rail: 'transfer' });
  await claim(world, browser, '等收', 'confirm_needed');
  await office('/api/finance/set_rail', { id: campaign, rail: 'redpack' });
  await fault('sendredpack', 'err_code', { code: 'V2_ACCOUNT_SIMPLE_BAN' });
  await claim(world, browser, '没名', 'failed');
  await world.control('DELETE', 'faults');
  await fault('gethbinfo', 'lost_request', { times: 1000 });
  await fault('sendredpack', 'lost_answer');
  await claim(world, browser, '不明', 'paying');
  await fault('sendredpack', 'err_code', { code: 'CA_ERROR' });
  await claim(world, browser, '证书', 'paying');
  await fault('sendredpack', 'err_code', { code: 'NOTENOUGH' });
  await claim(world, browser, '没钱', 'paying');
  await until('the rail to stand still', async () => (await office('/api/viewer/frame')).includes('余额不足'));
  await office('/api/finance/set_low', { id: campaign, low: 2_000_000 });
}

/** Every page of the dashboard, with some claims in it. */
async function dashboard(world, browser, out) {
  const door = await browser.newPage();
  await door.goto(`${world.origin}/admin/sign-in`);
  await shoot(door, out, 'admin-sign-in');
  await door.close();
  const file = await yesterday(world, browser);
  const { page, context } = await staffBrowser(browser, world.origin);
  const first = (path, kind) => page.goto(world.origin + path).then(() => page.locator(`td.head a[href*="/admin/${kind}/"]`).first().getAttribute('href'));
  await page.goto(`${world.origin}/admin/reconciliation`);
  await page.locator('#f-file').setInputFiles(file);
  await page.getByTestId('upload').click();
  await page.getByTestId('difference').first().waitFor();
  await troubles(world, browser);
  const pages = {
    overview: '/admin', campaigns: '/admin/campaigns', 'campaign-new': '/admin/campaigns/new', campaign: await first('/admin/campaigns', 'campaigns'),
    accounts: '/admin/accounts', 'account-new': '/admin/accounts/new', account: await first('/admin/accounts', 'accounts'), claims: '/admin/claims', budgets: '/admin/budgets',
    'budget-line': await first('/admin/budgets', 'budgets'), payouts: '/admin/payouts', rails: '/admin/rails', alerts: '/admin/alerts', reconciliation: '/admin/reconciliation',
  };
  for (const state of ['sent', 'waiting_confirm', 'failed', 'unknown', 'queued']) {
    pages[`payout-${state}`] = await first(`/admin/payouts?show=${state}`, 'payouts');
  }
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(world.origin + path);
    await alive(page);
    await page.locator('main h1').first().waitFor();
    await shoot(page, out, `admin-${name}`);
  }
  await prizes(world, page, out, pages.campaign);
  await page.goto(`${world.origin}/admin/campaigns/new`);
  await alive(page, 'form.card');
  await page.getByTestId('create-campaign').click();
  await page.locator('.summary').waitFor();
  await shoot(page, out, 'admin-errors');
  await page.goto(`${world.origin}${pages.campaign}`);
  await alive(page);
  await page.getByTestId('step-pause').click();
  await shoot(page, out, 'admin-dialog', false);
  await world.control('DELETE', 'faults');
  await (await world.office())('/api/finance/resume_rail', { mch_id: '1900000109', rail: 'redpack' });
  await rehearsal(world, browser, out, page);
  await context.close();
}

/** The prize editor with each kind of rule, and the page of rules of their own. */
async function prizes(world, page, out, campaign) {
  const field = (name, value) => page.locator(`[name="${name}"]`).fill(value);
  const filled = {
    fixed: { prize_amount: '6.66' }, range: { prize_min: '1', prize_max: '3' }, bounded: { prize_total: '1000', prize_packets: '500' }, pool: { prize_total: '1000', prize_packets: '500' },
    tiers: { tier_1_amount: '1', tier_1_weight: '90', tier_2_amount: '8.88', tier_2_weight: '9', tier_3_amount: '88.8', tier_3_weight: '1' },
  };
  const choose = async (kind) => {
    await page.locator(`label.kind:has([value="${kind}"])`).click();
    for (const [name, value] of Object.entries(filled[kind])) await field(name, value);
    await page.locator('.expected .bars').waitFor();
  };
  await page.goto(world.origin + campaign);
  await alive(page, 'form:has([data-test="prize"])');
  for (const kind of Object.keys(filled)) {
    await choose(kind);
    await shoot(page, out, `admin-prize-${kind}`, true, page.getByTestId('prize'));
  }
  await page.goto(`${world.origin}${campaign}/prizes`);
  await alive(page, 'form:has([data-test="prize"])');
  for (const [whose, kind] of [[0, 'tiers'], [6, 'fixed']]) {
    await page.locator('[name="whose"]').selectOption({ index: whose });
    await choose(kind);
    await page.getByTestId('save-rule').click();
    await page.locator('tr[data-test^="rule-"]').nth(whose === 0 ? 1 : 2).waitFor();
  }
  await shoot(page, out, 'admin-prizes');
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
    const { page, context } = await enter(browser, scene, { javaScriptEnabled: scene.script === true });
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
  await dashboard(world, browser, out);
  await followers(world, browser, out);
  failed = false;
} finally {
  await browser.close();
  await world.stop(failed);
}
