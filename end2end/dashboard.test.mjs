// The dashboard as staff use it: signing in, watching figures move, setting up accounts and campaigns, exporting.
// It refuses what a colleague could not do with a mouse and a keyboard; control calls play only the followers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { alive, complaints, ground, overflow, signIn, staffBrowser, wechatBrowser } from './harness.mjs';
import { ACCOUNTS, until } from './world.mjs';

describe('the dashboard', () => {
  const { stage, story } = ground();

  /** A story told on one page of a signed-in browser, without a complaint in its console. */
  const atWork = (name, tell) => story(name, async () => {
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    await tell(page, context);
    assert.deepEqual(heard, [], 'the page complained in its console');
    await context.close();
  });

  const number = async (page, hook) => Number((await page.getByTestId(hook).textContent()).replaceAll(',', ''));
  const agree = async (page, hook) => {
    await page.getByTestId(hook).click();
    await page.getByTestId(`${hook}-yes`).click();
  };
  /** Fills the fields of a form by their names. */
  const fill = async (form, fields) => {
    for (const [name, value] of Object.entries(fields)) {
      const field = form.locator(`[name="${name}"]`);
      if (await field.evaluate((element) => element.tagName === 'SELECT')) await field.selectOption(value);
      else await field.fill(value);
    }
  };
  const formOf = (page, button) => page.locator('form').filter({ has: page.getByTestId(button) });

  /** A follower who claims, in a browser without script. Returns the phone's id. */
  async function aClaim(name, appid = ACCOUNTS.safe) {
    const id = await stage.world.follower(name, appid);
    const context = await wechatBrowser(stage.browser, id);
    const page = await context.newPage();
    await page.goto(await stage.world.claimLink(id));
    await page.getByTestId('claim').click();
    await context.close();
    return id;
  }

  story('signing in works without script, and a wrong password says so', async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${stage.world.origin}/admin`);
    assert.match(page.url(), /\/admin\/sign-in/);
    await signIn(page, stage.world.origin, { login: 'admin', password: 'not this one' });
    assert.match(page.url(), /error=/);
    assert.ok((await page.getByRole('alert').textContent()).trim(), 'a sentence says that it did not work');
    await signIn(page, stage.world.origin);
    assert.equal(page.url(), `${stage.world.origin}/admin`);
    assert.equal(await number(page, 'total-follows'), 0, 'the first figures need no script either');
    await context.close();
  });

  atWork('figures and lines move within two seconds, without a reload', async (page) => {
    await page.getByTestId('live-dot').and(page.locator('.ok')).waitFor();
    await page.evaluate(() => { window.sameDocument = true; });
    const line = page.locator('.plot path.series-2');
    const drawn = await line.getAttribute('d');
    const waits = { visits: [], follows: [], claims: [], money: [] };
    /** How long the page takes to show what has just happened. */
    const shows = async (what, has) => {
      const happened = Date.now();
      await until(`${what} on the page`, has);
      waits[what].push(Date.now() - happened);
    };
    for (const name of ['阿一', '阿二', '阿三']) {
      const totals = async () => Object.fromEntries(await Promise.all(['visits', 'follows', 'claims'].map(async (what) => [what, await number(page, `total-${what}`)])));
      const before = { ...await totals(), paid: await page.getByTestId('total-paid').textContent() };
      const one = (what) => async () => await number(page, `total-${what}`) === before[what] + 1;
      await (await fetch(`${stage.world.origin}/l/coffee`, { redirect: 'manual' })).arrayBuffer();
      await shows('visits', one('visits'));
      const id = await stage.world.follower(name);
      await stage.world.control('POST', `phones/${id}/follow`, { appid: ACCOUNTS.safe });
      await shows('follows', one('follows'));
      const context = await wechatBrowser(stage.browser, id);
      const claiming = await context.newPage();
      await claiming.goto(await stage.world.claimLink(id));
      await claiming.getByTestId('claim').click();
      await shows('claims', one('claims'));
      await stage.world.wallet(id);
      await shows('money', async () => await page.getByTestId('total-paid').textContent() !== before.paid);
      await context.close();
    }
    for (const [what, each] of Object.entries(waits)) {
      assert.equal(each.length, 3);
      // The middle one: a busy machine may stumble once, not twice.
      assert.ok(each.toSorted((a, b) => a - b)[1] < 2000, `${what} showed after ${each} ms`);
    }
    assert.notEqual(await line.getAttribute('d'), drawn, 'the line of follows moved');
    const { paid_fen } = await stage.world.books();
    assert.equal(Math.round(await number(page, 'total-paid') * 100), paid_fen, 'the page and WeChat agree on what was paid');
    const row = page.getByTestId('link-coffee');
    assert.equal(await row.locator('[data-figure="visits"]').textContent(), '3');
    assert.equal(await row.locator('[data-figure="follows"]').textContent(), '3');
    assert.equal(await row.locator('[data-figure="claims"]').textContent(), '3');
    assert.ok(await page.evaluate(() => window.sameDocument), 'nothing was loaded again');
  });

  atWork('the CSV agrees with what WeChat paid', async (page) => {
    for (const appid of [ACCOUNTS.safe, ACCOUNTS.service, ACCOUNTS.edit]) await stage.world.wallet(await aClaim('阿表', appid));
    await page.goto(`${stage.world.origin}/admin/claims`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('csv').click()]);
    const text = readFileSync(await download.path(), 'utf8');
    assert.ok(text.startsWith('\ufeff'), 'Excel needs the byte order mark');
    const rows = text.slice(1).trim().split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.replace(/^"|"$/g, '')));
    const { bills } = await stage.world.books();
    assert.equal(rows.length - 1, bills.length);
    for (const bill of bills) {
      const row = rows.find((cells) => cells.includes(bill.bill_no));
      assert.ok(row, `${bill.bill_no} is in the export`);
      assert.ok(row.includes((bill.amount_fen / 100).toFixed(2)), `its amount stands beside it: ${row}`);
    }
  });

  atWork('an account is added, edited with its secrets kept, retired and restored', async (page) => {
    await page.goto(`${stage.world.origin}/admin/accounts/new`);
    await alive(page, 'form.card');
    const form = formOf(page, 'save-account');
    await page.getByTestId('save-account').click();
    await page.locator('.summary').waitFor();
    for (const name of ['name', 'appid', 'original_id']) {
      assert.ok((await page.locator(`#e-${name}`).textContent()).trim(), `the error stands at ${name}`);
      assert.equal(await page.locator(`#f-${name}`).getAttribute('aria-invalid'), 'true');
    }
    const token = 'dengtatoken2026';
    await fill(form, {
      name: '灯塔书店', icon: '🏮', appid: 'wxabcdef0123456789', original_id: 'gh_dengtashudian', kind: 'subscription', mode: 'developer', message_mode: 'safe',
      appsecret: '0123456789abcdef0123456789abcdef', token, encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    });
    await page.getByTestId('save-account').click();
    await page.waitForURL(/\/admin\/accounts\/\d+$/);
    assert.equal(await page.getByTestId('callback-url').textContent(), `${stage.world.origin}/wechat/wxabcdef0123456789`);

    await page.reload();
    await alive(page, 'form.card');
    assert.equal(await page.locator('#f-token').inputValue(), '', 'a stored secret is never shown');
    await page.locator('#f-name').fill('灯塔书店总店');
    await page.getByTestId('save-account').click();
    await page.getByRole('heading', { name: '灯塔书店总店' }).waitFor();
    const [timestamp, nonce, echostr] = [String(Math.floor(Date.now() / 1000)), 'nonce2026', 'hello'];
    const signature = createHash('sha1').update([token, timestamp, nonce].toSorted().join('')).digest('hex');
    const verified = await fetch(`${stage.world.origin}/wechat/wxabcdef0123456789?${new URLSearchParams({ signature, timestamp, nonce, echostr })}`);
    assert.equal(await verified.text(), echostr, 'the token survived the edit');

    await agree(page, 'retire');
    await page.getByTestId('restore').waitFor();
    await page.getByTestId('restore').click();
    await page.getByTestId('retire').waitFor();
  });

  atWork('a campaign is set up, started, paused and closed', async (page) => {
    await page.goto(`${stage.world.origin}/admin/campaigns/new`);
    await alive(page, 'form.card');
    await page.getByTestId('create-campaign').click();
    await page.locator('.summary').waitFor();
    for (const name of ['name', 'slug', 'greeting', 'opens_at']) {
      assert.ok((await page.locator(`#e-${name}`).textContent()).trim(), `the error stands at ${name}`);
    }
    await fill(formOf(page, 'create-campaign'), {
      slug: 'autumn', name: '秋日茶会', send_name: '领包服务号', wishing: '秋安', greeting: '一起喝茶', rules: '每人一次。', prize_min: '1.00', prize_max: '2.00',
      opens_at: '2026-01-01T08:00', closes_at: '2036-01-01T08:00', asserted_cap: '5.00',
    });
    await page.getByTestId('create-campaign').click();
    await page.waitForURL(/\/admin\/campaigns\/\d+$/);
    await page.getByRole('heading', { name: '秋日茶会', level: 1 }).waitFor();

    await formOf(page, 'add-member').locator('[name="member"]').selectOption({ label: '慢读书房' });
    await page.getByTestId('add-member').click();
    await page.locator('td.head', { hasText: '慢读书房' }).first().waitFor();
    await page.getByTestId('add-link').click();
    await page.locator('#e-placement').filter({ hasText: /./ }).waitFor();
    await fill(formOf(page, 'add-link'), { placement: '茶会海报', code: 'autumn-poster' });
    await page.getByTestId('add-link').click();
    await page.getByTestId('link-autumn-poster').waitFor();

    await formOf(page, 'fund').locator('[name="amount"]').fill('一百');
    await page.getByTestId('fund').click();
    await page.locator('#e-amount').filter({ hasText: /./ }).waitFor();
    await formOf(page, 'fund').locator('[name="amount"]').fill('100');
    await page.getByTestId('fund').click();
    await page.locator('.pots').filter({ hasText: '100.00' }).waitFor();
    await formOf(page, 'fund').locator('[name="amount"]').fill('40');
    await page.getByTestId('withdraw').click();
    await page.locator('.pots').filter({ hasText: '60.00' }).waitFor();

    await page.getByTestId('step-start').click();
    assert.ok(await page.getByTestId('step-start-yes').isDisabled(), 'nobody collected a test packet');
    await page.getByTestId('start-anyway').check();
    await page.getByTestId('step-start-yes').click();
    await page.getByTestId('step-pause').waitFor();
    const link = await fetch(`${stage.world.origin}/l/autumn-poster`);
    assert.equal(link.status, 200);
    assert.match(await link.text(), /慢读书房/);
    await agree(page, 'step-pause');
    await page.getByTestId('step-start').waitFor();
    await agree(page, 'step-close');
    await page.getByTestId('step-close').waitFor({ state: 'detached' });
    assert.equal(await page.getByTestId('step-start').count(), 0, 'what is closed stays closed');
  });

  atWork('language and theme are switched and remembered', async (page) => {
    await alive(page);
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    await page.getByTestId('lang-switch').click();
    await page.locator('html[lang="en"]').waitFor();
    await page.getByRole('navigation').getByText('Accounts').waitFor();
    await page.reload();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await alive(page);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.getByTestId('theme-switch').click();
    await page.locator('html[data-theme="light"]').waitFor();
    const light = await ground();
    await page.getByTestId('theme-switch').click();
    await page.locator('html[data-theme="dark"]').waitFor();
    assert.notEqual(await ground(), light);
    await page.reload();
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  });

  atWork('every page loads by itself and fits its window', async (page) => {
    await aClaim('阿页');
    const href = (path, kind) => page.goto(`${stage.world.origin}${path}`).then(() => page.locator(`td.head a[href*="/admin/${kind}/"]`).first().getAttribute('href'));
    const pages = ['/admin', '/admin/campaigns', '/admin/campaigns/new', await href('/admin/campaigns', 'campaigns'), '/admin/accounts', '/admin/accounts/new',
      await href('/admin/accounts', 'accounts'), '/admin/claims', '/admin/budgets'];
    for (const path of pages) {
      await page.goto(stage.world.origin + path);
      await alive(page);
      await page.locator('main h1').first().waitFor();
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        assert.equal(await overflow(page), '', `${path} at ${width} px`);
      }
    }
  });

  atWork('pages change inside the frame, and signing out ends the session', async (page) => {
    await alive(page);
    for (const path of ['/admin/campaigns', '/admin/accounts', '/admin/claims', '/admin/budgets', '/admin']) {
      await page.locator(`nav a[href="${path}"]`).last().click();
      await page.waitForURL(stage.world.origin + path);
      await page.locator('main h1').first().waitFor();
    }
    await page.locator('details.menu summary').click();
    await page.getByTestId('sign-out').click();
    await page.waitForURL(/sign-in/);
    await page.goto(`${stage.world.origin}/admin/claims`);
    assert.match(page.url(), /\/admin\/sign-in/);
  });
});
