// The rehearsal of a draft with real money: staff at the dashboard, a tester with a phone in the hand.
// It refuses a figure that counts it: what was paid is asked of the simulated WeChat, what was counted of the dashboard.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { alive, complaints, ground, overflow, staffBrowser, wechatBrowser } from './harness.mjs';
import { Hand } from './phone.mjs';
import { draft } from './scenes.mjs';
import { ACCOUNTS, PATIENCE_MS } from './world.mjs';

describe('the rehearsal', () => {
  const { stage, story } = ground();

  /** A phone whose owner got the link from a colleague: they write it down in a chat and tap it. */
  async function withTheLink(desk, name, link) {
    const hand = await Hand.pickUp(desk, name);
    await hand.followFromArticle('fuwu');
    await hand.on('chat-input').fill(link);
    await hand.tap('chat-send');
    await hand.glass.locator('.screen:not([inert]) .line.mine [data-test="chat-link"]').last().click();
    return hand;
  }

  /** Opens the start's question; returns the button that agrees. */
  async function asked(page) {
    await page.getByTestId('step-start').click();
    const yes = page.getByTestId('step-start-yes');
    await yes.waitFor();
    return yes;
  }

  story('a draft is rehearsed on a phone, its check list is ticked without a reload, and it starts', async () => {
    const { id, link } = await draft(stage.world, 'dress');
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    await page.goto(`${stage.world.origin}/admin/campaigns/${id}`);
    await alive(page, '[data-test="tester-link-rotate"]');
    await page.evaluate(() => { window.sameDocument = true; });
    assert.equal(await page.getByTestId('tester-link').textContent(), link);
    assert.ok(await page.locator('img.qr').evaluate((picture) => picture.complete && picture.naturalWidth > 0), 'the code to scan is drawn');
    for (const [check, done] of [['account', 'yes'], ['funded', 'yes'], ['rehearsed', 'no']]) {
      assert.equal(await page.getByTestId(`check-${check}`).first().getAttribute('data-done'), done, check);
    }
    assert.ok(await (await asked(page)).isDisabled(), 'no start by the way while nobody collected a packet');
    await page.keyboard.press('Escape');

    const before = await stage.world.books();
    const phones = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
    phones.setDefaultTimeout(PATIENCE_MS);
    const desk = await phones.newPage();
    await desk.goto(`${stage.world.sim}/phone`);
    await desk.getByTestId('phone').first().waitFor();
    const hand = await withTheLink(desk, '试试', link);
    await hand.web.getByTestId('rehearsal').waitFor();
    await hand.press();
    await hand.state('paying', 'sent');
    await hand.state('sent');
    await page.locator('[data-test="test-packet"][data-state="sent"]').waitFor();
    await hand.tap('packet-banner');
    assert.equal(await hand.openPacket(), 100, 'the smallest red packet');
    await stage.world.control('POST', 'clock', { advance_secs: 60 });
    await page.locator('[data-test="test-packet"][data-state="collected"]').waitFor();
    await page.locator('.rehearsal [data-test="check-rehearsed"][data-done="yes"]').waitFor();
    assert.equal(await page.evaluate(() => window.sameDocument), true, 'the page was never loaded again');
    const [bill] = await stage.world.wallet(hand.id);
    assert.match(await page.getByTestId('test-packet').textContent(), new RegExp(bill.bill_no), 'the bill number is WeChat\'s');
    const books = await stage.world.books();
    assert.equal(books.paid_fen - before.paid_fen, 100);

    const yes = await asked(page);
    assert.equal(await page.getByTestId('start-anyway').count(), 0);
    await yes.click();
    await page.getByTestId('step-pause').waitFor();
    await page.getByTestId('rehearsal').waitFor({ state: 'detached' });
    await page.goto(`${stage.world.origin}/admin?campaign=dress`);
    await page.getByTestId('total-claims').waitFor();
    assert.equal(Number(await page.getByTestId('total-claims').textContent()), 0, 'a rehearsal is nobody\'s claim');
    await page.goto(`${stage.world.origin}/admin/claims?campaign=dress`);
    await page.locator('.chip', { hasText: '试领' }).waitFor();
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '');
    }
    assert.deepEqual(heard, [], 'the page complained in its console');
    await phones.close();
    await context.close();
  });

  story('a tester is taken off the list and put back, the link is changed, and a start without a packet says so', async () => {
    const { id, link } = await draft(stage.world, 'bold');
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    const phone = await stage.world.follower('同事', ACCOUNTS.safe);
    const wechat = await wechatBrowser(stage.browser, phone);
    const claimPage = await wechat.newPage();
    await claimPage.goto(link);
    await claimPage.locator('main[data-state="ready"] [data-test="rehearsal"]').waitFor();
    assert.equal(new URL(claimPage.url()).search, '', 'the key left the address');

    await page.goto(`${stage.world.origin}/admin/campaigns/${id}`);
    await alive(page, '[data-test="remove-tester"]');
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '');
    }
    await page.getByTestId('remove-tester').click();
    await page.getByTestId('remove-tester-yes').click();
    await page.getByTestId('add-tester').waitFor();
    await claimPage.getByTestId('claim').click();
    await claimPage.locator('main[data-state="refused"][data-refusal="not_started"]').waitFor();
    await page.getByTestId('add-tester').click();
    await page.getByTestId('remove-tester').waitFor();
    await claimPage.goto(`${stage.world.origin}/c/bold`);
    await claimPage.locator('main[data-state="ready"]').waitFor();

    await page.getByTestId('tester-link-rotate').click();
    await page.getByTestId('tester-link-rotate-yes').click();
    await page.getByTestId('tester-link').filter({ hasNotText: link }).waitFor();
    await claimPage.goto(link);
    await claimPage.locator('main[data-state="not_rehearsed"][data-refusal="wrong_link"]').waitFor();

    const yes = await asked(page);
    assert.ok(await yes.isDisabled());
    await page.getByTestId('start-anyway').check();
    await yes.click();
    await page.getByTestId('step-pause').waitFor();
    assert.deepEqual(heard, [], 'the page complained in its console');
    await wechat.close();
    await context.close();
  });
});
