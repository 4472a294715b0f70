// Reconciliation as finance uses it: a bill with a difference, a day without a bill, and the standstill after a restore.
// It refuses invented files: every bill is what the simulated WeChat hands out, also when it is wrong.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe } from 'node:test';
import { alive, complaints, ground, overflow, signIn, staffBrowser, wechatBrowser } from './harness.mjs';
import { ACCOUNTS, PATIENCE_MS, until } from './world.mjs';

const DAY_SECS = 86_400;

describe('reconciliation', () => {
  const { stage, story } = ground();

  const atWork = (name, tell, provoked = []) => story(name, async () => {
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    await tell(page);
    const others = heard.filter((text) => !provoked.some((status) => text.includes(`status of ${status}`)));
    assert.deepEqual(others, [], 'the page complained in its console');
    await context.close();
  });
  /** Turns the clock on by days, and waits until the server has noticed: sessions have ended by then. */
  const turn = async (page, days) => {
    // A page without figures that move: their stream would call again, with a session that has ended.
    await page.goto(`${stage.world.origin}/admin/accounts`);
    await stage.world.control('POST', 'clock', { advance_secs: days * DAY_SECS });
    await until('the door', async () => {
      await page.goto(`${stage.world.origin}/admin/accounts`);
      return new URL(page.url()).pathname === '/admin/sign-in';
    });
  };
  /** Opens the page, through the door again once the clock has ended the session. */
  const open = async (page, path = '/admin/reconciliation') => {
    await page.goto(stage.world.origin + path);
    if (new URL(page.url()).pathname === '/admin/sign-in') {
      await signIn(page, stage.world.origin);
      await page.waitForURL(`${stage.world.origin}/admin`);
      await page.goto(stage.world.origin + path);
    }
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
  /** The simulator's Beijing day, `days` from now. */
  const day = async (days = 0) => {
    const { now_ms } = await stage.world.control('GET', 'clock');
    return new Date(now_ms + (8 * 3600 + days * DAY_SECS) * 1000).toISOString().slice(0, 10);
  };
  const bill = async (date) => Buffer.from(await (await fetch(`${stage.world.sim}/_sim/bill?date=${date}`)).arrayBuffer());
  const upload = async (page, date, buffer) => {
    await page.locator('#f-file').setInputFiles({ name: `${date}.csv`, mimeType: 'text/csv', buffer });
    await page.getByTestId('upload').click();
  };
  const claims = async (name, appid) => {
    const id = await stage.world.follower(name, appid);
    const context = await wechatBrowser(stage.browser, id);
    const page = await context.newPage();
    const link = await stage.world.claimLink(id);
    // For a second after a standstill pages may still say that all is paused.
    await until('the button', async () => {
      await page.goto(link);
      return page.getByTestId('claim').count();
    });
    await page.getByTestId('claim').click();
    await page.locator('main[data-state]').waitFor();
    await context.close();
    return id;
  };
  const paid = async (name, appid) => {
    const id = await claims(name, appid);
    const [packet] = await stage.world.wallet(id);
    await stage.world.control('POST', `phones/${id}/collect`, { bill_no: packet.bill_no });
    return packet.bill_no;
  };
  /** Makes a backup of this name. Returns where it lies. */
  const backUp = async (name) => {
    const file = join(stage.world.folder, `${name}.backup`);
    await stage.world.command('backup', file);
    return file;
  };
  /** The server ends, and starts again on a database that was filled from the backup. */
  const goBackTo = async (page, file) => {
    // Nobody looks while the server is gone.
    await page.goto('about:blank');
    await stage.world.kill('lingbao');
    stage.world.env.LINGBAO__DATABASE__URL = `sqlite://${file}.db`;
    await stage.world.command('restore', file);
    await stage.world.serve();
  };
  /** Says of every day that is still wanted that it had no movement. */
  const answerForTheRest = async (page) => {
    const wanted = page.getByTestId('wanted').locator('li');
    while (await wanted.count()) {
      const days = await wanted.count();
      await wanted.first().getByTestId('wanted-nothing').click();
      await wanted.first().getByTestId('wanted-nothing-yes').click();
      await until('one day fewer', async () => (await wanted.count()) < days);
    }
  };

  atWork('after a restore everything stands still until the bills are here and somebody answers for the nameless', async (page) => {
    const file = await backUp('old');
    const date = await day();
    const lost = await paid('阿失', ACCOUNTS.safe);
    await goBackTo(page, file);
    await open(page, '/admin');
    await page.getByTestId('banner').filter({ hasText: '恢复备份后' }).locator('a').click();
    await page.waitForURL(/reconciliation/);
    const wanted = page.getByTestId('wanted').locator('li');
    await wanted.first().waitFor();
    assert.ok((await wanted.allTextContents()).every((text) => /还没有结束/.test(text)), 'no day of the gap is over');
    assert.equal(await page.getByTestId('accept-unnamed').count(), 0, 'not while a bill is wanted');

    await stage.world.control('POST', 'faults', { on: 'gethbinfo', kind: 'lost_request', times: 1000 });
    await turn(page, 2);
    await open(page);
    await upload(page, date, await bill(date));
    await page.getByTestId('day').filter({ hasText: date }).waitFor();
    await alive(page);
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '', `${width} px`);
    }
    await answerForTheRest(page);
    await page.getByTestId('nameless').filter({ hasText: lost }).waitFor();
    await page.getByTestId('ask-again').click();
    await page.locator('.chip.ok', { hasText: '已更新' }).waitFor();
    await agree(page, 'accept-unnamed');
    await page.getByTestId('standing-still').waitFor({ state: 'detached' });
    await page.getByTestId('banner').waitFor({ state: 'detached' });
    await stage.world.control('DELETE', 'faults');
    assert.match(await stage.world.command('verify'), /./, 'the books are in order');
  });

  atWork('what waits for somebody who was paid since the backup is held, and given up', async (page) => {
    const { world } = stage;
    await world.control('POST', 'faults', { on: 'sendredpack', kind: 'err_code', code: 'NO_AUTH' });
    const phone = await claims('阿备', ACCOUNTS.safe);
    const payouts = page.locator('[data-test="payouts"] td.head a');
    await until('a payout that failed', async () => {
      await open(page, '/admin/payouts?show=failed');
      return payouts.count();
    });
    const failed = await payouts.first().getAttribute('href');
    await world.control('DELETE', 'faults');
    const file = await backUp('before');
    const date = await day();
    await open(page, failed);
    await agree(page, 'reissue');
    const [packet] = await world.wallet(phone);
    await world.control('POST', `phones/${phone}/collect`, { bill_no: packet.bill_no });

    await goBackTo(page, file);
    await open(page, failed);
    await agree(page, 'reissue');
    await page.getByTestId('others').waitFor();
    const again = await page.getByTestId('others').locator('a').first().getAttribute('href');
    await turn(page, 2);
    await open(page);
    await upload(page, date, await bill(date));
    await page.getByTestId('day').filter({ hasText: date }).waitFor();
    await alive(page);
    await answerForTheRest(page);
    await page.getByTestId('standing-still').waitFor({ state: 'detached' });
    await open(page, '/admin/alerts');
    await page.getByTestId('alert-paid_since_backup').waitFor();
    await open(page, again);
    await page.getByTestId('payout-state').filter({ hasText: '已扣住' }).waitFor();
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '', `${width} px`);
    }
    await page.getByTestId('retry').click();
    const warned = await page.getByTestId('retry-yes').locator('xpath=ancestor::dialog').locator('h2 + p').textContent();
    assert.match(warned, /再付给同一个人/, 'releasing it says that it pays the same person again');
    await page.keyboard.press('Escape');
    await agree(page, 'give-up');
    await page.getByTestId('payout-state').filter({ hasText: '失败' }).waitFor();
    assert.equal(await page.getByTestId('retry').count(), 0, 'an end is an end');
    assert.equal((await world.wallet(phone)).length, 1, 'one packet was paid');
    assert.match(await world.command('verify'), /./, 'the books are in order');
  });

  atWork('a wrong bill shows its difference, and a corrected one takes its place', async (page) => {
    const date = await day();
    await paid('阿一', ACCOUNTS.safe);
    await paid('阿二', ACCOUNTS.compatible);
    await turn(page, 1);
    const { bill_no } = await stage.world.control('POST', 'bill', { kind: 'amount', date });
    await open(page);
    await upload(page, date, await bill(date));
    await page.getByTestId('difference').filter({ hasText: bill_no }).filter({ hasText: '金额不同' }).waitFor();
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '', `${width} px`);
    }
    await stage.world.control('DELETE', 'bill');
    await open(page);
    await upload(page, date, await bill(date));
    await page.getByTestId('day').filter({ hasText: '当天两边完全一致' }).waitFor();
    await open(page);
    await upload(page, date, Buffer.from('别的文件'));
    await page.locator('h1', { hasText: '这个文件没有导入' }).waitFor();
  }, [422]);

  atWork('an administrator says that a day has no bill, not of a day that has one', async (page) => {
    await turn(page, 1);
    await open(page);
    const yesterday = await day(-1);
    assert.equal(await page.locator('#f-nothing').inputValue(), yesterday);
    await page.locator('#f-nothing').fill(await day(0));
    await page.locator('[data-test="nothing-on"]:disabled').waitFor();
    await page.locator('#f-nothing').fill(yesterday);
    await agree(page, 'nothing-on');
    await page.getByTestId('day').filter({ hasText: yesterday }).waitFor();
    const before = await day(-2);
    await page.locator('#f-nothing').fill(before);
    await agree(page, 'nothing-on');
    await page.locator('.note.bad', { hasText: '已经导入过' }).waitFor();
  }, [409]);

  story('finance imports bills, and leaves what takes an administrator alone', async () => {
    await stage.world.hire('cashier', 'finance', 'lingbao-cash-2026');
    const context = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await signIn(page, stage.world.origin, { login: 'cashier', password: 'lingbao-cash-2026' });
    await page.waitForURL(`${stage.world.origin}/admin`);
    await open(page);
    await page.getByTestId('upload').waitFor();
    assert.equal(await page.locator('#f-nothing').count(), 0);
    await context.close();
  });
});
