// The claim page in WeChat's browser with script off: the form, reloading, going back, tapping twice, and every state's size.
// It refuses JavaScript: nothing here may need it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { ground, overflow, wechatBrowser } from './harness.mjs';
import { enter, scenes } from './scenes.mjs';
import { ACCOUNTS } from './world.mjs';

/** There are many, and each waits for what makes it. */
const SCENES_MS = 300_000;

describe('the claim page without script', () => {
  const { stage, story } = ground();

  const shown = (page) => page.locator('main').evaluate((main) => ({
    state: main.dataset.state, fen: Number(main.querySelector('[data-amount-fen]')?.dataset.amountFen ?? 0),
  }));

  /** A new follower with the claim page open. */
  async function atTheButton(name, appid = ACCOUNTS.safe) {
    const id = await stage.world.follower(name, appid);
    const context = await wechatBrowser(stage.browser, id);
    const page = await context.newPage();
    await page.goto(await stage.world.claimLink(id));
    const { origin, pathname, search } = new URL(page.url());
    assert.deepEqual([origin, pathname, search], [stage.world.origin, '/c/demo', ''], 'the ticket left the address');
    assert.equal((await shown(page)).state, 'ready');
    return { id, context, page };
  }

  story('the form alone claims; reloading and going back claim nothing more', async () => {
    const { id, context, page } = await atTheButton('阿关');
    await page.getByRole('button', { name: '领取红包' }).click();
    await page.locator('main[data-state="paying"], main[data-state="sent"]').waitFor();
    const { fen } = await shown(page);
    assert.ok(fen >= 100 && fen <= 300, `${fen} fen`);
    await page.reload();
    await page.goBack();
    assert.notEqual((await shown(page)).state, 'ready', 'a page gone back to is the one of now');
    await page.goto(`${stage.world.origin}/c/demo`);
    await page.locator('main[data-state="sent"]').waitFor();
    assert.equal((await shown(page)).fen, fen);
    const wallet = await stage.world.wallet(id);
    assert.deepEqual(wallet.map((bill) => bill.amount_fen), [fen]);
    assert.deepEqual((await stage.world.books()).bills.filter((bill) => bill.bill_no === wallet[0].bill_no).map((bill) => bill.amount_fen), [fen]);
    await context.close();
  });

  story('a double click is one claim', async () => {
    const before = (await stage.world.books()).bills.length;
    const { id, context, page } = await atTheButton('阿双');
    await page.getByTestId('claim').dblclick({ noWaitAfter: true });
    await page.locator('main[data-state="paying"], main[data-state="sent"], main[data-state="already"]').waitFor();
    await stage.world.wallet(id);
    await page.goto(`${stage.world.origin}/c/demo`);
    await page.locator('main[data-state="sent"]').waitFor();
    assert.equal((await stage.world.wallet(id)).length, 1);
    assert.equal((await stage.world.books()).bills.length, before + 1);
    await context.close();
  });

  story('a second claim is refused with the earlier amount, by the same account and by others', async () => {
    const { id, context, page } = await atTheButton('阿再');
    await page.getByTestId('claim').click();
    await page.locator('main[data-state="sent"]').waitFor();
    const { fen } = await shown(page);
    await stage.world.control('POST', `phones/${id}/send`, { appid: ACCOUNTS.safe, text: '红包' });
    await page.goto(await stage.world.claimLink(id, ACCOUNTS.safe));
    assert.deepEqual(await shown(page), { state: 'sent', fen }, 'who asks again is shown the earlier packet');
    for (const appid of [ACCOUNTS.compatible, ACCOUNTS.service, ACCOUNTS.edit]) {
      await stage.world.control('POST', `phones/${id}/follow`, { appid });
      await page.goto(await stage.world.claimLink(id, appid));
      assert.deepEqual(await shown(page), { state: 'already', fen });
      assert.equal(await page.getByTestId('claim').count(), 0, 'no second button');
    }
    assert.deepEqual((await stage.world.wallet(id)).map((bill) => bill.amount_fen), [fen]);
    await context.close();
  });

  story('a form posted again after the claim answers with the earlier amount', async () => {
    const { id, context, page } = await atTheButton('阿陈');
    const other = await context.newPage();
    await other.goto(`${stage.world.origin}/c/demo`);
    await page.getByTestId('claim').click();
    await page.locator('main[data-state="paying"], main[data-state="sent"]').waitFor();
    const { fen } = await shown(page);
    await other.getByTestId('claim').click();
    assert.deepEqual(await shown(other), { state: 'already', fen });
    assert.equal((await stage.world.wallet(id)).length, 1);
    await context.close();
  });

  story('somebody else cannot use a ticket that was opened', async () => {
    const { id, context } = await atTheButton('阿主');
    const thief = await wechatBrowser(stage.browser, await stage.world.follower('阿客'));
    const page = await thief.newPage();
    await page.goto(await stage.world.claimLink(id));
    assert.equal((await shown(page)).state, 'refused');
    assert.equal(await page.getByTestId('claim').count(), 0);
    await thief.close();
    await context.close();
  });

  story('the page of all accounts leads to each of them, and shows what was received', async () => {
    const { context, page } = await atTheButton('阿集');
    await page.getByTestId('claim').click();
    await page.locator('main[data-state="sent"]').waitFor();
    const { fen } = await shown(page);
    await page.goto(`${stage.world.origin}/p/demo`);
    assert.equal((await shown(page)).fen, fen);
    const links = await page.locator('a[href*="/l/"]').evaluateAll((all) => all.map((link) => link.href));
    assert.equal(links.length, 4);
    for (const link of links) {
      await page.goto(link);
      await page.locator('img[data-qr]').waitFor();
      assert.ok(await page.locator('img[data-qr]').evaluate((picture) => picture.complete && picture.naturalWidth > 0), 'the QR code is drawn');
    }
    await context.close();
  });

  // The last: it turns the clock and ends the campaign.
  story('every state fits a narrow phone', async (_, t) => {
    for await (const scene of scenes(stage.world)) {
      await t.test(scene.name, async () => {
        const { page, context } = await enter(stage.browser, scene);
        for (const width of [390, 320]) {
          await page.setViewportSize({ width, height: 780 });
          assert.equal(await overflow(page), '');
        }
        if (!scene.script) assert.equal(await page.locator('script').count(), 0, 'no script on a follower\'s page');
        await context.close();
      });
    }
  }, SCENES_MS);
});
