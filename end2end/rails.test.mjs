// Both rails from the phone to the books: a packet collected, a packet returned, a transfer confirmed, one left alone, one
// cancelled, and the rail switched while the campaign runs.
// It refuses short cuts: followers tap on their phones, staff look at their pages, and only the clock is turned by hand.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { alive, complaints, ground, signIn, staffBrowser } from './harness.mjs';
import { Hand } from './phone.mjs';
import { PATIENCE_MS, until } from './world.mjs';

const DAY_AND_HOUR = 25 * 3600;

describe('both rails, from the phone to the books', () => {
  const { stage, story } = ground();

  /** Tells a story with a desk of phones and a dashboard, neither of which complains. */
  const both = (name, tell) => story(name, async () => {
    const context = await stage.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
    context.setDefaultTimeout(PATIENCE_MS);
    const desk = await context.newPage();
    const { page: office, context: staff } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = [complaints(desk), complaints(office)];
    await desk.goto(`${stage.world.sim}/phone`);
    await desk.getByTestId('phone').first().waitFor();
    await tell(desk, office);
    assert.deepEqual(heard.flat(), [], 'a page complained in its console');
    await Promise.all([context.close(), staff.close()]);
  });

  const turn = (advance_secs) => stage.world.control('POST', 'clock', { advance_secs });

  /** Opens a page of the dashboard, through its door again once the clock has ended the session. */
  async function open(office, path) {
    await office.goto(stage.world.origin + path);
    if (new URL(office.url()).pathname === '/admin/sign-in') {
      await signIn(office, stage.world.origin);
      await office.waitForURL(`${stage.world.origin}/admin`);
      await office.goto(stage.world.origin + path);
    }
    await office.locator('main h1').first().waitFor();
    await alive(office);
  }

  /** Looks at a page anew until it shows this. */
  const shows = (office, path, what, seen) => until(what, async () => {
    await open(office, path);
    await office.locator('main .card').first().waitFor();
    return seen();
  });

  /** What the budgets page says of the demo's line, in fen. */
  async function line(office) {
    await open(office, '/admin/budgets');
    const figures = await office.locator('tr[data-test^="budget-"] td.figure').allTextContents();
    const [available, reserved, paid] = figures.map((text) => Math.round(Number(text.replaceAll(/[¥,\s]/g, '')) * 100));
    return { available, reserved, paid };
  }

  /** Waits until the budgets page shows this line. */
  const lineIs = async (office, expected, what) => {
    let last;
    await until(what, async () => {
      last = await line(office);
      return JSON.stringify(last) === JSON.stringify(expected);
    }).catch((error) => { throw new Error(`${error.message}; seen: ${JSON.stringify(last)}, expected ${JSON.stringify(expected)}`); });
  };

  /** Waits until the payout with this number stands there, and is on its own page afterwards. */
  async function payoutIs(office, number, state, rail) {
    // What is late stands in the list above too.
    const listed = office.getByTestId('payouts').getByTestId(`payout-${number}`);
    await shows(office, `/admin/payouts?show=${number}`, `${number} ${state}`, async () => (await listed.textContent()).includes(state));
    await listed.locator('td.head a').click();
    await office.getByTestId('payout-state').filter({ hasText: state }).waitFor();
    assert.match(await office.locator('.facts').textContent(), new RegExp(rail));
  }

  /** Puts the demo on this rail, by the button of its own page. */
  async function goesBy(office, rail) {
    await open(office, '/admin/campaigns');
    await office.locator('td.head', { hasText: 'demo' }).locator('a').click();
    const now = office.getByTestId('campaign-rail');
    await now.waitFor();
    await alive(office, '[data-test="change-rail"]');
    if ((await now.textContent()) === rail) return;
    await office.getByTestId('change-rail').click();
    await office.getByTestId('change-rail-yes').click();
    await now.filter({ hasText: rail }).waitFor();
  }

  /** A new phone that follows and has pressed the button; what it shows then. */
  async function aClaim(desk, name, ...states) {
    const hand = await Hand.pickUp(desk, name);
    await hand.followFromArticle('coffee');
    await hand.tap('chat-link');
    await hand.press();
    await hand.state(...states);
    const [bill] = await stage.world.wallet(hand.id);
    return { hand, number: bill.bill_no, fen: bill.amount_fen };
  }

  /** Looks at the page in the phone's browser anew. */
  async function refresh(hand) {
    await hand.tap('browser-more');
    await hand.tap('browser-refresh');
  }

  /** Confirms the transfer whose page is in the phone's browser. */
  async function confirm(hand) {
    await hand.web.locator('#confirm').click();
    await hand.tap('transfer-confirm');
    await hand.state('collected');
  }

  const billed = async (number) => (await stage.world.books()).bills.filter((bill) => bill.bill_no === number).map((bill) => bill.state);

  both('a packet is collected: the wallet, the payout and the budget say so', async (desk, office) => {
    const before = await line(office);
    const { hand, number, fen } = await aClaim(desk, '小收', 'paying', 'sent');
    await hand.tap('packet-banner');
    assert.equal(await hand.openPacket(), fen);
    await turn(900);
    await payoutIs(office, number, '已到账', '现金红包');
    await lineIs(office, { available: before.available - fen, reserved: 0, paid: before.paid + fen }, 'the packet paid');
    assert.deepEqual(await billed(number), ['collected']);
  });

  both('a packet that nobody opens is back on its line after a day', async (desk, office) => {
    const before = await line(office);
    const { hand, number, fen } = await aClaim(desk, '小忘', 'sent');
    await lineIs(office, { available: before.available - fen, reserved: 0, paid: before.paid + fen }, 'the packet under way');
    await turn(DAY_AND_HOUR);
    await payoutIs(office, number, '已退回', '现金红包');
    await office.getByTestId('entry-return').waitFor();
    await lineIs(office, before, 'the money back on its line');
    await refresh(hand);
    await hand.state('returned');
    assert.match(await hand.web.locator('main').textContent(), /24 小时内没有打开/);
    assert.deepEqual(await billed(number), ['returned']);
  });

  both('a transfer waits for its follower and is confirmed on the phone', async (desk, office) => {
    await goesBy(office, '商家转账');
    const before = await line(office);
    const { hand, number, fen } = await aClaim(desk, '小确', 'confirm_needed');
    await payoutIs(office, number, '等待确认收款', '商家转账');
    await lineIs(office, { available: before.available - fen, reserved: fen, paid: before.paid }, 'set aside is not paid');
    await confirm(hand);
    await payoutIs(office, number, '已到账', '商家转账');
    await lineIs(office, { available: before.available - fen, reserved: 0, paid: before.paid + fen }, 'the transfer paid');
    assert.deepEqual(await billed(number), ['collected']);
  });

  both('a transfer that nobody confirms ends after a day, and the money is back', async (desk, office) => {
    await goesBy(office, '商家转账');
    const before = await line(office);
    const { hand, number } = await aClaim(desk, '小懒', 'confirm_needed');
    await turn(DAY_AND_HOUR);
    await payoutIs(office, number, '已退回', '商家转账');
    assert.match(await office.locator('.facts').textContent(), /24 小时内没有确认收款/);
    await lineIs(office, before, 'the money back on its line');
    await refresh(hand);
    await hand.state('returned');
    assert.match(await hand.web.locator('main').textContent(), /24 小时内没有确认收款/);
    assert.deepEqual(await billed(number), ['returned']);
  });

  both('finance cancels a transfer before it is confirmed, and the phone can take it no more', async (desk, office) => {
    await goesBy(office, '商家转账');
    const before = await line(office);
    const { hand, number } = await aClaim(desk, '小撤', 'confirm_needed');
    await payoutIs(office, number, '等待确认收款', '商家转账');
    await office.getByTestId('cancel').click();
    const effect = await office.getByTestId('cancel-yes').locator('xpath=ancestor::dialog').locator('h2 + p').textContent();
    assert.match(effect, /回到预算/, 'the dialog says what becomes of the money');
    await office.getByTestId('cancel-yes').click();
    await office.getByTestId('payout-state').filter({ hasText: '已退回' }).waitFor();
    await office.getByTestId('reissue').waitFor();
    await lineIs(office, before, 'the money back on its line');
    await hand.web.locator('#confirm').click();
    await hand.on('transfer-over').waitFor();
    await hand.tap('transfer-close');
    await hand.state('returned');
    assert.match(await hand.web.locator('main').textContent(), /活动方撤销/);
    assert.deepEqual(await billed(number), ['returned']);
  });

  both('the rail is switched while the campaign runs: each payout ends where it began', async (desk, office) => {
    await goesBy(office, '现金红包');
    const before = await line(office);
    const old = await aClaim(desk, '小前', 'sent');
    await old.hand.tap('packet-banner');
    await goesBy(office, '商家转账');
    const next = await aClaim(desk, '小后', 'confirm_needed');
    await goesBy(office, '现金红包');
    await confirm(next.hand);
    assert.equal(await old.hand.openPacket(), old.fen);
    await turn(900);
    await payoutIs(office, old.number, '已到账', '现金红包');
    await payoutIs(office, next.number, '已到账', '商家转账');
    const paid = old.fen + next.fen;
    await lineIs(office, { available: before.available - paid, reserved: 0, paid: before.paid + paid }, 'both paid, each once');
    const { bills } = await stage.world.books();
    const rails = [old, next].map(({ number }) => bills.filter((bill) => bill.bill_no === number).map((bill) => bill.rail));
    assert.deepEqual(rails, [['redpack'], ['transfer']], 'one bill each, on the rail where it began');
  });
});
