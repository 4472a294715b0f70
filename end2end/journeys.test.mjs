// The main job by clicks at /phone: from an article to a packet in the wallet, for every kind of account.
// It refuses any other way in: no control call moves a phone here, the books are only read.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { complaints, ground, overflow } from './harness.mjs';
import { Hand } from './phone.mjs';
import { PATIENCE_MS } from './world.mjs';

describe('at the phones', () => {
  const { stage, story } = ground();

  /** The desk with its phones, in a browser of its own. */
  async function desk(tell, viewport = { width: 1440, height: 900 }) {
    const context = await stage.browser.newContext({ viewport, locale: 'zh-CN' });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const heard = complaints(page);
    await page.goto(`${stage.world.sim}/phone`);
    await page.getByTestId('phone').first().waitFor();
    await tell(page, context);
    assert.equal(await overflow(page), '');
    assert.deepEqual(heard, [], 'the page complained in its console');
    await context.close();
  }

  async function journey(name, code, toPacket, viewport) {
    await desk(async (page) => {
      const before = await stage.world.books();
      const hand = await Hand.pickUp(page, name);
      await hand.followFromArticle(code);
      await hand.claim();
      await toPacket(hand);
      const fen = await hand.openPacket();
      const books = await stage.world.books();
      assert.equal(books.paid_fen - before.paid_fen, fen, 'the books paid what the wallet shows');
      assert.equal(books.collected_fen - before.collected_fen, fen);
      assert.equal(books.bills.length, before.bills.length + 1);
      assert.ok(fen >= 100 && fen <= 300, `${fen} fen is what the demo promises`);
    }, viewport);
  }

  const byBanner = (hand) => hand.tap('packet-banner');

  story('a reader follows a safe-mode account and finds the packet in the wallet', () => journey('小安', 'coffee', byBanner));

  story('a reader follows the service account and opens the packet in its chat', () => journey('小服', 'fuwu', async (hand) => {
    await hand.state('sent');
    await byBanner(hand);
  }));

  story('a reader follows an edit-mode account and claims by its own automatic reply, all on a narrow screen', () =>
    journey('小编', 'noodle', byBanner, { width: 390, height: 844 }));

  story('two phones at once stay two people', () => desk(async (page, context) => {
    const before = await stage.world.books();
    const [ming, hong] = [await Hand.pickUp(page, '明明'), await Hand.pickUp(page, '红红')];
    await ming.followFromArticle('coffee');
    await hong.followFromArticle('books');
    await ming.tap('chat-link');
    await hong.tap('chat-link');
    await ming.press();
    await hong.press();
    await Promise.all([ming.state('sent'), hong.state('sent')]);
    for (const hand of [ming, hong]) await byBanner(hand);
    const amounts = [await ming.openPacket(), await hong.openPacket()];
    const [one, other] = [await stage.world.wallet(ming.id), await stage.world.wallet(hong.id)];
    assert.deepEqual([one, other].map((bills) => bills.map((bill) => bill.amount_fen)), amounts.map((fen) => [fen]), 'one packet each');
    assert.notEqual(one[0].bill_no, other[0].bill_no);
    const books = await stage.world.books();
    assert.equal(books.bills.length - before.bills.length, 2);
    assert.equal(new Set(books.bills.slice(-2).map((bill) => bill.openid)).size, 2, 'two packets went to two openids');
    const session = async (id) => (await context.cookies(`http://${id}.phone.localhost:${new URL(stage.world.sim).port}/`)).find((cookie) => cookie.name === 'lb_s')?.value;
    const [mine, theirs] = [await session(ming.id), await session(hong.id)];
    assert.ok(mine && theirs && mine !== theirs, 'each phone keeps its own session');
  }));

  story('a server that was killed goes on, and the phone continues where it was', () => desk(async (page) => {
    const hand = await Hand.pickUp(page, '停停');
    await hand.followFromArticle('coffee');
    await stage.world.kill('lingbao');
    await stage.world.serve();
    await hand.claim();
    await stage.world.kill('lingbao');
    await stage.world.serve();
    await hand.state('sent');
    const wallet = await stage.world.wallet(hand.id);
    assert.equal(wallet.length, 1, 'one packet, however often the server started');
  }));
});
