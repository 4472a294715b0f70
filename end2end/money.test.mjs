// The screens of money as finance uses them: head-room and caps, payouts and what is done about them, rails, alerts.
// It refuses to take a screen's word for money: what was paid is asked of the simulated WeChat.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe } from 'node:test';
import { alive, complaints, ground, overflow, signIn, staffBrowser, wechatBrowser } from './harness.mjs';
import { ACCOUNTS, PATIENCE_MS, until } from './world.mjs';

describe('the screens of money', () => {
  // The chat robots' host, before the server starts and is told where it is.
  const chat = { heard: [], answer: { errcode: 0 } };
  const robots = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      chat.heard.push(JSON.parse(text));
      response.setHeader('content-type', 'application/json').end(JSON.stringify(chat.answer));
    });
  });
  before(async () => {
    await new Promise((done) => robots.listen(0, '127.0.0.1', done));
    process.env.LINGBAO__DEV__ROBOTS_URL = `http://127.0.0.1:${robots.address().port}`;
  });
  after(() => robots.close());
  const { stage, story } = ground();

  /** A story told on one page of a signed-in browser, without a complaint in its console but of the answers it provokes. */
  const atWork = (name, tell, provoked = []) => story(name, async () => {
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    await tell(page);
    const others = heard.filter((text) => !provoked.some((status) => text.includes(`status of ${status}`)));
    assert.deepEqual(others, [], 'the page complained in its console');
    await context.close();
  });
  const open = async (page, path) => {
    await page.goto(stage.world.origin + path);
    await page.locator('main h1').first().waitFor();
    await alive(page);
  };
  const agree = async (page, hook) => {
    await page.getByTestId(hook).click();
    const yes = page.getByTestId(`${hook}-yes`);
    const [title, effect] = await yes.locator('xpath=ancestor::dialog').locator('h2, h2 + p').allTextContents();
    assert.ok(title && effect, 'the dialog names the object and the effect');
    await yes.click();
  };
  /** Loads the page anew until it shows this. */
  const shows = (page, path, what, seen) => until(what, async () => {
    await page.goto(stage.world.origin + path);
    await page.locator('main .card').first().waitFor();
    return seen(page);
  });
  const fault = (code, more = {}) => stage.world.control('POST', 'faults', { on: 'sendredpack', kind: 'err_code', code, ...more });

  /** A follower who claims, in a browser without script. Returns the phone's id. */
  async function aClaim(name) {
    const id = await stage.world.follower(name, ACCOUNTS.safe);
    const context = await wechatBrowser(stage.browser, id);
    const page = await context.newPage();
    await page.goto(await stage.world.claimLink(id));
    await page.getByTestId('claim').click();
    await page.locator('main[data-state]').waitFor();
    await context.close();
    return id;
  }
  /** The address of the newest payout's own page. */
  const newest = async (page) => {
    await open(page, '/admin/payouts');
    return page.locator('[data-test="payouts"] td.head a').first().getAttribute('href');
  };

  atWork('a line shows its head-room, is capped in place, paced, and told of when it runs low', async (page) => {
    await stage.world.wallet(await aClaim('阿金'));
    await open(page, '/admin/budgets');
    await page.locator('td.head a[href*="/admin/budgets/"]').first().click();
    await page.waitForURL(/\/admin\/budgets\/\d+$/);
    const line = new URL(page.url()).pathname;
    await shows(page, line, 'the payment in the statement', () => page.getByTestId('entry-pay').count());
    await open(page, line);
    const pots = await Promise.all(['available', 'reserved', 'paid'].map((pot) => page.getByTestId(`pot-${pot}`).textContent()));
    const fen = pots.map((text) => Math.round(Number(text.replaceAll(/[¥,\s]/g, '')) * 100));
    assert.equal(fen[2], (await stage.world.books()).paid_fen, 'what the line paid is what WeChat paid');
    assert.equal(fen[0] + fen[1] + fen[2], 1_000_000, 'the three pots are all that was funded');
    assert.match(await page.getByTestId('forecast').textContent(), /最近 15 分钟的速度/);
    assert.match(await page.getByTestId('entry-pay').first().textContent(), /LB[0-9A-Z]{26}/, 'the entry names the bill number');
    assert.match(await page.getByTestId('entry-fund').first().textContent(), /\+10,000\.00/);
    for (const report of ['ledger', 'payouts']) {
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId(`csv-${report}`).click()]);
      assert.equal(file.suggestedFilename(), `${report}-demo.csv`);
      assert.match(await readFile(await file.path(), 'utf8'), /amount_fen/);
    }

    const hour = page.getByTestId('cap-hour-0');
    await hour.locator('input').fill('一点');
    await hour.locator('button').click();
    await page.locator('.note.bad').waitFor();
    await hour.locator('input').fill('50');
    await hour.locator('button').click();
    await hour.locator('.bar').waitFor();
    assert.match(await hour.textContent(), /¥/, 'the head-room is told in yuan');
    await hour.locator('input').fill('');
    await hour.locator('button').click();
    await hour.locator('.bar').waitFor({ state: 'detached' });

    await agree(page, 'pacing');
    await page.getByTestId('pacing-now').filter({ hasText: '已开启' }).waitFor();
    await agree(page, 'pacing');
    await page.getByTestId('pacing-now').filter({ hasText: '未开启' }).waitFor();

    await page.locator('#f-low').fill('20000');
    await page.getByTestId('set-low').click();
    await page.locator('.chip.ok', { hasText: '已保存' }).waitFor();
    await open(page, '/admin/alerts');
    assert.match(await page.getByTestId('alert-low_budget').textContent(), /可用/);
  });

  atWork('a rail without money stands still, says so on every page, and goes on when it is resumed', async (page) => {
    await fault('NOTENOUGH');
    const id = await aClaim('阿停');
    await shows(page, '/admin', 'the banner', () => page.getByTestId('banner').isVisible());
    assert.match(await page.getByTestId('banner').textContent(), /余额不足/);
    await open(page, '/admin/rails');
    const rail = page.locator('tr[data-test$="-redpack"]').first();
    assert.match(await rail.textContent(), /已暂停.*商户余额不足/s);
    await open(page, '/admin/alerts');
    await page.getByTestId('alert-rail_paused').waitFor();
    await stage.world.control('DELETE', 'faults');
    await open(page, '/admin/rails');
    await agree(page, 'resume-redpack');
    await page.getByTestId('banner').waitFor({ state: 'detached' });
    const href = await newest(page);
    await open(page, href);
    assert.match(await page.locator('.facts').textContent(), /商户余额不足/, 'what WeChat said is told in words');
    if (await page.getByTestId('retry').isVisible()) await agree(page, 'retry');
    await stage.world.wallet(id);
  });

  atWork('a payout is held and released, and one that failed is sent anew, once', async (page) => {
    await open(page, '/admin/rails');
    await agree(page, 'stop-redpack');
    await page.getByTestId('banner').waitFor();
    const id = await aClaim('阿扣');
    const href = await newest(page);
    await open(page, href);
    await agree(page, 'hold');
    await page.getByTestId('payout-state').filter({ hasText: '已扣住' }).waitFor();
    await open(page, '/admin/payouts?show=held');
    assert.equal(await page.locator('[data-test="payouts"] tbody tr').count(), 1);
    await open(page, '/admin/rails');
    await agree(page, 'resume-redpack');
    await page.getByTestId('banner').waitFor({ state: 'detached' });
    await open(page, href);
    await page.getByTestId('payout-state').filter({ hasText: '已扣住' }).waitFor();
    await agree(page, 'retry');
    await stage.world.wallet(id);

    await fault('V2_ACCOUNT_SIMPLE_BAN');
    const failed = await aClaim('阿补');
    await shows(page, '/admin/payouts?show=failed', 'a failed payout', () => page.locator('[data-test="payouts"] tbody tr').count());
    const own = await page.locator('[data-test="payouts"] td.head a').first().getAttribute('href');
    await stage.world.control('DELETE', 'faults');
    await open(page, own);
    await agree(page, 'reissue');
    await page.getByTestId('others').waitFor();
    assert.equal(await page.getByTestId('reissue').count(), 0, 'it is not offered twice');
    assert.equal((await stage.world.wallet(failed)).length, 1);
  });

  atWork('what is beyond its deadline stands on top', async (page) => {
    await open(page, '/admin/rails');
    await agree(page, 'stop-redpack');
    await page.getByTestId('banner').waitFor();
    const id = await aClaim('阿迟');
    await stage.world.control('POST', 'clock', { advance_secs: 2400 });
    await shows(page, '/admin/payouts', 'the ageing list', () => page.getByTestId('ageing').isVisible());
    await page.getByTestId('filter-overdue').click();
    await page.waitForURL(/show=overdue/);
    await page.locator('[data-test="payouts"] .chip.bad').first().waitFor();
    await open(page, '/admin/rails');
    await agree(page, 'resume-redpack');
    await page.getByTestId('banner').waitFor({ state: 'detached' });
    await stage.world.wallet(id);
  });

  atWork('a campaign changes its rail while it runs', async (page) => {
    await page.goto(`${stage.world.origin}/admin/campaigns`);
    const desk = await page.locator('td.head a[href*="/admin/campaigns/"]').first().getAttribute('href');
    await open(page, desk);
    for (const word of ['商家转账', '现金红包']) {
      await agree(page, 'change-rail');
      await page.getByTestId('campaign-rail').filter({ hasText: word }).waitFor();
    }
  });

  atWork('a robot is added, tested and removed, and an address elsewhere is refused', async (page) => {
    await open(page, '/admin/alerts');
    await page.locator('#f-robot_name').fill('财务群');
    await page.locator('#f-url').fill('https://example.com/send?key=1');
    await page.getByTestId('add-robot').click();
    await page.locator('#e-url').filter({ hasText: /./ }).waitFor();
    await page.locator('#f-url').fill('https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6');
    await page.getByTestId('add-robot').click();
    await page.getByTestId('test-robot').click();
    await page.locator('.chip.ok', { hasText: '测试消息已送达' }).waitFor();
    assert.ok(chat.heard.some(({ text }) => text.content.includes('测试消息')), 'the robot said it');
    chat.answer = { errcode: 93000 };
    await page.getByTestId('test-robot').click();
    await page.locator('.note.bad', { hasText: '93000' }).waitFor();
    assert.doesNotMatch(await page.content(), /693a91f6/, 'the address is never shown again');
    chat.answer = { errcode: 0 };
    await agree(page, 'remove-robot');
    await page.getByTestId('test-robot').waitFor({ state: 'detached' });
  }, [422, 409]);

  story('who may only look finds every figure and no button', async () => {
    await stage.world.hire('looker', 'viewer', 'lingbao-look-2026');
    const context = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await signIn(page, stage.world.origin, { login: 'looker', password: 'lingbao-look-2026' });
    await page.waitForURL(`${stage.world.origin}/admin`);
    const payout = await newest(page);
    await open(page, '/admin/budgets');
    const line = await page.locator('td.head a[href*="/admin/budgets/"]').first().getAttribute('href');
    for (const path of [payout, line, '/admin/payouts', '/admin/rails', '/admin/alerts']) {
      await open(page, path);
      assert.equal(await page.locator('main button:not(.quiet)').count(), 0, `${path} offers nothing to a viewer`);
    }
    await context.close();
  });

  atWork('every page loads by itself and fits its window', async (page) => {
    const payout = await newest(page);
    await open(page, '/admin/budgets');
    const line = await page.locator('td.head a[href*="/admin/budgets/"]').first().getAttribute('href');
    for (const path of ['/admin/budgets', line, '/admin/payouts', '/admin/payouts?show=open', payout, '/admin/rails', '/admin/alerts']) {
      await open(page, path);
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        assert.equal(await overflow(page), '', `${path} at ${width} px`);
      }
    }
  });
});
