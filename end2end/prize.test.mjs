// The prize rule editor of a campaign: ways to draw, what to expect of them, and what is wrong with them.
// It refuses to look at pictures: every number is read from the page and from what WeChat paid.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { alive, complaints, ground, overflow, staffBrowser, wechatBrowser } from './harness.mjs';
import { ACCOUNTS } from './world.mjs';

describe('the prize rule editor', () => {
  const { stage, story } = ground();

  const atWork = (name, tell) => story(name, async () => {
    const { context, page } = await staffBrowser(stage.browser, stage.world.origin);
    const heard = complaints(page);
    await tell(page);
    assert.deepEqual(heard, [], 'the page complained in its console');
    await context.close();
  });

  const field = (page, name) => page.locator(`[name="${name}"]`);
  const fill = async (page, fields) => {
    for (const [name, value] of Object.entries(fields)) await field(page, name).fill(value);
  };
  const choose = (page, kind) => page.locator(`label.kind:has([value="${kind}"])`).click();
  const error = (page, name) => page.locator(`#e-${name}`).filter({ hasText: /./ });
  const shares = (page) => page.locator('.bars .bar-share').evaluateAll((cells) => cells.map((cell) => Math.round(parseFloat(cell.textContent) * 10)));
  /** What a new follower of this account gets, in fen. */
  const claimed = async (name, appid) => {
    const id = await stage.world.follower(name, appid);
    const context = await wechatBrowser(stage.browser, id);
    const page = await context.newPage();
    await page.goto(await stage.world.claimLink(id));
    await page.getByTestId('claim').click();
    await page.locator('main[data-state]').waitFor();
    await context.close();
    return (await stage.world.wallet(id))[0].amount_fen;
  };
  const demo = async (page) => {
    await page.goto(`${stage.world.origin}/admin/campaigns`);
    await page.locator('td.head', { hasText: 'demo' }).locator('a').click();
    await page.getByTestId('save-campaign').waitFor();
    await alive(page, 'form:has([data-test="prize"])');
  };
  const save = async (page) => {
    await page.getByTestId('save-campaign').click();
    await page.locator('form:has([data-test="prize"]) .outcome .chip.ok').waitFor();
  };

  atWork('what is to be expected is drawn while it is typed, and nothing typed is lost', async (page) => {
    await demo(page);
    assert.equal(await field(page, 'prize_min').inputValue(), '1.00');
    assert.equal((await shares(page)).reduce((sum, share) => sum + share), 1000);
    await page.getByTestId('prize-average').filter({ hasText: '¥2.00' }).waitFor();

    await choose(page, 'tiers');
    await page.getByTestId('prize-wrong').waitFor();
    await page.getByTestId('add-tier').click();
    await fill(page, { tier_1_amount: '1', tier_1_weight: '90', tier_2_amount: '8.88', tier_2_weight: '9', tier_4_amount: '88.8', tier_4_weight: '1' });
    await page.locator('.bars li').nth(2).waitFor();
    assert.deepEqual(await shares(page), [900, 90, 10]);
    await page.getByTestId('prize-average').filter({ hasText: '¥2.58' }).waitFor();

    await choose(page, 'pool');
    await fill(page, { prize_total: '1000', prize_packets: '500' });
    await page.getByTestId('prize-packets').filter({ hasText: '500' }).waitFor();
    await page.getByTestId('prize-covers').filter({ hasText: '500' }).waitFor();
    assert.equal((await shares(page)).reduce((sum, share) => sum + share), 1000);
    await field(page, 'prize_total').fill('20000');
    await page.getByTestId('prize-wrong').filter({ hasText: '总金额太多' }).waitFor();
    await fill(page, { prize_total: '12000', prize_packets: '6000' });
    await page.locator('.expected .note.warn').filter({ hasText: '12000.00' }).waitFor();

    await choose(page, 'tiers');
    assert.equal(await field(page, 'tier_4_amount').inputValue(), '88.8');
    await choose(page, 'fixed');
    assert.equal(await field(page, 'prize_total').inputValue(), '12000');
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      for (const kind of ['fixed', 'range', 'tiers', 'bounded', 'pool']) {
        await choose(page, kind);
        assert.equal(await overflow(page), '', `${kind} at ${width} px`);
      }
    }
  });

  atWork('each error stands at its field, and a rule that was saved is there again', async (page) => {
    await demo(page);
    await choose(page, 'tiers');
    await fill(page, { tier_1_amount: '0.5', tier_1_weight: '9', tier_2_amount: '2' });
    await page.getByTestId('save-campaign').click();
    await error(page, 'tier_1_amount').waitFor();
    await error(page, 'tier_2_weight').waitFor();
    await page.locator('.summary a', { hasText: '第 1 档金额' }).waitFor();
    await field(page, 'scene_id').selectOption('PRODUCT_2');
    await field(page, 'tier_2_weight').fill('1');
    await save(page);

    await page.reload();
    await alive(page, 'form:has([data-test="prize"])');
    assert.deepEqual(await shares(page), [900, 100]);
    assert.equal(await field(page, 'scene_id').inputValue(), 'PRODUCT_2');
    assert.equal(await field(page, 'tier_1_amount').inputValue(), '0.50');

    await choose(page, 'bounded');
    await fill(page, { prize_total: '100', prize_packets: '50', prize_min: '1', prize_max: '10' });
    await save(page);
    await choose(page, 'pool');
    await save(page);
    await page.goto(`${stage.world.origin}/admin/campaigns`);
    await page.locator('tr', { hasText: 'demo' }).filter({ hasText: '¥1.00 – 10.00' }).waitFor();
    assert.match(await stage.world.command('verify'), /./, 'the pool adds up to its total');
  });

  atWork('an account and a grade of evidence have rules of their own, drawn and removed', async (page) => {
    await demo(page);
    await choose(page, 'fixed');
    await fill(page, { prize_amount: '2' });
    await save(page);
    await page.getByTestId('rules-apart').click();
    await page.waitForURL(/\/prizes$/);
    await page.getByTestId('rule-campaign').filter({ hasText: '其余的领取' }).waitFor();
    await alive(page, 'form:has([data-test="prize"])');
    assert.equal(await page.locator('label.kind').count(), 3, 'a part of the claims has no total of its own');
    assert.equal(await page.locator('select[name="scene_id"]').count(), 0, 'the scene is the campaign\'s');

    await field(page, 'whose').selectOption({ label: '关注依据：仅凭链接' });
    await choose(page, 'fixed');
    await fill(page, { prize_amount: '600' });
    await page.getByTestId('save-rule').click();
    await error(page, 'prize_amount').waitFor();
    await fill(page, { prize_amount: '1' });
    await page.getByTestId('save-rule').click();
    await page.getByTestId('rule-grade-asserted').filter({ hasText: '固定金额' }).waitFor();

    const { accounts } = await stage.world.control('GET', 'world');
    const { name } = accounts.find((one) => one.appid === ACCOUNTS.safe);
    const [account] = await field(page, 'whose').selectOption({ label: name });
    await choose(page, 'tiers');
    await fill(page, { tier_1_amount: '5', tier_1_weight: '3', tier_2_amount: '9', tier_2_weight: '1' });
    await page.locator('.expected .bars li').nth(1).waitFor();
    await page.getByTestId('save-rule').click();
    const row = page.getByTestId(`rule-${account}`);
    await row.waitFor();
    assert.deepEqual(await row.locator('.bar-share').allTextContents(), ['75.0%', '25.0%'], 'its distribution is drawn');
    assert.match(await row.textContent(), /6\.00/, 'and its average told');

    // A follower of that account gets what its rule draws, whatever the campaign's own says.
    const [own, others] = [await claimed('阿自', ACCOUNTS.safe), await claimed('阿众', ACCOUNTS.compatible)];
    assert.ok(own === 500 || own === 900, `${own} fen`);
    assert.equal(others, 200, 'the others get what the campaign gives');

    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await overflow(page), '', `${width} px`);
    }
    await row.getByTestId('change-rule').click();
    assert.equal(await field(page, 'tier_2_amount').inputValue(), '9.00', 'the form holds the rule that is to change');
    await row.getByTestId('drop-rule').click();
    await row.getByTestId('drop-rule-yes').click();
    await row.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByTestId('rule-grade-asserted').waitFor();
    assert.equal(await page.locator('tr[data-test^="rule-"]').count(), 2);
    await page.locator('.title-row a.button').click();
    await page.locator('.apart', { hasText: '已设 1 条' }).waitFor();
  });

  atWork('a new campaign is created with a rule of its own', async (page) => {
    await page.goto(`${stage.world.origin}/admin/campaigns/new`);
    await alive(page, 'form.card');
    await choose(page, 'fixed');
    await fill(page, {
      slug: 'lucky', name: '手气', send_name: '领包服务号', wishing: '好运', greeting: '试试手气', prize_amount: '0.5',
      opens_at: '2026-01-01T08:00', closes_at: '2036-01-01T08:00', asserted_cap: '5.00',
    });
    await page.getByTestId('create-campaign').click();
    await error(page, 'prize_amount').waitFor();
    await field(page, 'prize_amount').fill('6.66');
    await page.getByTestId('create-campaign').click();
    await page.waitForURL(/\/admin\/campaigns\/\d+$/);
    await alive(page, 'form:has([data-test="prize"])');
    assert.equal(await field(page, 'prize_amount').inputValue(), '6.66');
    await page.getByTestId('prize-covers').filter({ hasText: /^0 个/ }).waitFor();
  });
});
