// Every page and state a follower can come to, each brought about as in life: for looking at, and for tests of its size.
// It refuses invented states: the server, the simulator's faults and its clock make them all.
import { wechatBrowser } from './harness.mjs';
import { ACCOUNTS, PATIENCE_MS, until } from './world.mjs';

const DAY_SECS = 86_400;

/** `main` in this state. */
const state = (name, refusal) => `main[data-state="${name}"]${refusal ? `[data-refusal="${refusal}"]` : ''}`;

/** Beijing's time `days` from now, as a form holds it. */
const inDays = (days) => new Date(Date.now() + (8 * 3600 + days * DAY_SECS) * 1000).toISOString().slice(0, 16);

/** A number at the end of the first link of a dashboard page whose row holds `text`. */
function idOf(html, kind, text) {
  const row = html.split('<tr').find((part) => part.includes(text) && part.includes(`/admin/${kind}/`));
  const id = row?.match(new RegExp(`/admin/${kind}/(\\d+)`))?.[1];
  if (!id) throw new Error(`no ${text} in /admin/${kind}`);
  return BigInt(id);
}

/** Funds a campaign's budget or takes money back, as a form does whose page was read just now. */
async function changeBudget(office, campaign, step, amount) {
  const [, seen] = (await office(`/api/viewer/campaign?id=${campaign}`)).match(/budget_changes\D+(\d+)/);
  await office('/api/finance/change_budget', { campaign, step, amount, seen: Number(seen) });
}

/** A funded draft of the demo's accounts with a testers' link. Returns its number and the link. */
export async function draft(world, slug, more = {}) {
  const office = await world.office();
  const accounts = await office('/admin/accounts');
  await office('/api/marketer/create_campaign', { form: {
    slug, name: '下周开业', payer: String(idOf(accounts, 'accounts', ACCOUNTS.service)), send_name: '领包服务号', greeting: '下周见',
    wishing: '祝你天天开心', rules: '每人一次。\n先到先得。', opens_at: inDays(3), closes_at: inDays(9), prize_min: '1.00', prize_max: '1.00',
    scope: 'campaign', asserted_cap: '0.00', ...more,
  } });
  const id = idOf(await office('/admin/campaigns'), 'campaigns', `>${slug}<`);
  await changeBudget(office, id, 'fund', 1000);
  await office('/api/marketer/add_member', { id, account: idOf(accounts, 'accounts', ACCOUNTS.compatible) });
  const desk = await office('/api/marketer/rotate_tester_key', { id });
  const [, key] = desk.match(/[^_]key\\*":\\*"([0-9A-Za-z]{16,24})\\*"/);
  return { id, link: `${world.origin}/c/${slug}?tester=${key}` };
}

/** The scenes in order. Each holds until the next is asked for; `claim`: the button is to be pressed, `script`: the page has one. */
export async function* scenes(world) {
  const office = await world.office();
  const campaign = idOf(await office('/admin/campaigns'), 'campaigns', '>demo<');
  const accounts = await office('/admin/accounts');
  const page = `${world.origin}/c/demo`;
  const fault = (on, kind, more = {}) => world.control('POST', 'faults', { on, kind, ...more });
  const fresh = async (name, appid = ACCOUNTS.safe) => {
    const phone = await world.follower(name, appid);
    return { phone, url: await world.claimLink(phone) };
  };
  const stranger = (name) => world.follower(name);

  yield { name: 'link', wanted: 'main:has([data-qr])', phone: await stranger('看看'), url: `${world.origin}/l/coffee` };
  yield { name: 'link-edit', wanted: 'main:has([data-qr])', phone: await stranger('看看'), url: `${world.origin}/l/noodle` };
  yield { name: 'ready', wanted: state('ready'), ...await fresh('小新') };
  const english = await fresh('Ming');
  yield { name: 'ready-en', wanted: state('ready'), ...english, then: `${page}?lang=en` };
  yield { name: 'continue', wanted: state('continue'), ...await fresh('忘忘'), forget: true, claim: true };

  await fault('sendredpack', 'lost_answer');
  await fault('gethbinfo', 'lost_request', { times: 1000 });
  yield { name: 'paying', wanted: state('paying'), ...await fresh('等等'), claim: true };
  await world.control('DELETE', 'faults');

  yield { name: 'sent', wanted: state('sent'), ...await fresh('小发'), claim: true };
  const served = await fresh('小服', ACCOUNTS.service);
  yield { name: 'sent-in-chat', wanted: state('sent'), ...served, claim: true };
  const [bill] = await world.wallet(served.phone);
  await world.control('POST', `phones/${served.phone}/collect`, { bill_no: bill.bill_no });
  await world.control('POST', 'clock', { advance_secs: 900 });
  yield { name: 'collected', wanted: state('collected'), phone: served.phone, url: page };
  await world.control('POST', `phones/${served.phone}/follow`, { appid: ACCOUNTS.safe });
  yield { name: 'already', wanted: state('already'), phone: served.phone, url: await world.claimLink(served.phone, ACCOUNTS.safe) };
  yield { name: 'hub', wanted: 'main:has(a[href*="/l/"])', phone: served.phone, url: page, then: `${world.origin}/p/demo` };

  await fault('sendredpack', 'err_code', { code: 'NO_AUTH' });
  yield { name: 'failed', wanted: state('failed'), ...await fresh('没名'), claim: true };
  await world.control('DELETE', 'faults');

  yield { name: 'no-ticket', wanted: state('refused', 'no_ticket'), phone: await stranger('路人'), url: page };
  yield { name: 'wrong-ticket', wanted: state('refused', 'wrong_ticket'), phone: await stranger('拾人'), url: english.url };
  const leaver = await fresh('走走');
  yield { name: 'before-leaving', wanted: state('ready'), ...leaver };
  await world.control('POST', `phones/${leaver.phone}/unfollow`, { appid: ACCOUNTS.safe });
  yield { name: 'not-following', wanted: state('refused', 'not_following'), phone: leaver.phone, url: page };
  yield { name: 'not-in-wechat', wanted: state('not_in_wechat'), ...await fresh('外外'), agent: 'Mozilla/5.0 (Windows NT 10.0) Chrome/140' };
  const seen = await fresh('快照');
  await world.control('POST', `phones/${seen.phone}/snapshot`, { on: true });
  yield { name: 'snapshot', wanted: state('snapshot'), ...seen };
  yield { name: 'unknown', wanted: 'main[data-page="plain"]', phone: seen.phone, url: `${world.origin}/c/nothing-here` };

  const member = { id: campaign, account: idOf(accounts, 'accounts', ACCOUNTS.compatible) };
  const reader = await fresh('书书', ACCOUNTS.compatible);
  yield { name: 'before-it-goes', wanted: state('ready'), ...reader };
  await office('/api/marketer/remove_member', member);
  yield { name: 'account-gone', wanted: state('refused', 'account_gone'), phone: reader.phone, url: page };
  await office('/api/marketer/add_member', member);

  const waiting = await fresh('早早');
  const { id: soon, link } = await draft(world, 'soon');
  const tester = { phone: await stranger('自己人'), url: link };
  const marked = ':has([data-test="rehearsal"])';
  yield { name: 'rehearsal', wanted: state('ready') + marked, ...tester };
  yield { name: 'rehearsal-again', wanted: `${state('sent')}${marked}:has([data-test="claim"])`, ...tester, claim: true };
  const [tested] = await world.wallet(tester.phone);
  yield { name: 'rehearsal-wrong-link', wanted: state('not_rehearsed', 'wrong_link'), phone: waiting.phone, url: `${link.slice(0, -4)}aaaa` };
  await changeBudget(office, soon, 'withdraw', 900);
  yield { name: 'rehearsal-no-money', wanted: state('not_rehearsed', 'not_funded') + marked, phone: await stranger('同事'), url: link };
  await changeBudget(office, soon, 'fund', 900);
  await office('/api/marketer/start_unrehearsed', { id: soon });
  yield { name: 'not-started', wanted: state('refused', 'not_started'), phone: waiting.phone, url: `${world.origin}/c/soon` };

  await office('/api/marketer/move_campaign', { id: campaign, event: 'pause' });
  yield { name: 'paused', wanted: state('refused', 'paused'), ...waiting };
  await office('/api/marketer/move_campaign', { id: campaign, event: 'start' });

  await world.control('POST', `phones/${waiting.phone}/send`, { appid: ACCOUNTS.safe, text: '红包' });
  const late = await fresh('晚晚');
  const available = Number((await office(`/api/viewer/campaign?id=${campaign}`)).match(/available\D+(\d+)/)[1]);
  await changeBudget(office, campaign, 'withdraw', available);
  yield { name: 'used-up', wanted: state('refused', 'used_up'), ...late };
  await changeBudget(office, campaign, 'fund', available);

  const sleeper = await fresh('睡睡');
  yield { name: 'sent-again', wanted: state('sent'), ...sleeper, claim: true };
  await office('/api/finance/set_rail', { id: campaign, rail: 'transfer' });
  const asked = await fresh('收收');
  yield { name: 'confirm', wanted: state('confirm_needed'), ...asked, claim: true, script: true };
  const undone = await fresh('撤撤');
  yield { name: 'before-cancel', wanted: state('confirm_needed'), ...undone, claim: true, script: true };
  const [transfer] = await world.wallet(undone.phone);
  const found = await office(`/api/viewer/payouts?show=${transfer.bill_no}`);
  await office('/api/finance/act_on_payout', { id: BigInt(found.match(/payout\D+(\d+)/)[1]), step: 'cancel' });
  yield { name: 'cancelled', wanted: state('returned'), phone: undone.phone, url: page };
  await office('/api/finance/set_rail', { id: campaign, rail: 'redpack' });
  const lazy = await fresh('慢慢');
  await world.control('POST', 'clock', { advance_secs: 2 * DAY_SECS + 3600 });
  yield { name: 'returned', wanted: state('returned'), phone: sleeper.phone, url: page };
  yield { name: 'returned-transfer', wanted: state('returned'), phone: asked.phone, url: page };
  yield { name: 'expired-ticket', wanted: state('refused', 'expired_ticket'), ...lazy };
  // The clock was turned past the end of the first session.
  await (await world.office())('/api/marketer/move_campaign', { id: campaign, event: 'close' });
  yield { name: 'ended', wanted: state('refused', 'ended'), phone: lazy.phone, url: page };
}

/** Opens a scene in WeChat's browser (or its own) and waits until it is there. Returns page and context. */
export async function enter(browser, scene, more = {}) {
  const context = await wechatBrowser(browser, scene.phone, { ...more, ...scene.agent && { userAgent: scene.agent } });
  const page = await context.newPage();
  await page.goto(scene.url);
  if (scene.then) await page.goto(scene.then);
  if (scene.forget) await context.clearCookies({ name: 'lb_s' });
  if (scene.claim) await page.getByTestId('claim').click();
  const again = new URL(scene.then ?? scene.url);
  if (scene.claim) again.search = '';
  const there = page.locator(scene.wanted);
  await until(`${scene.name} (${scene.wanted}); seen: ${await page.locator('main').first().evaluate((main) => main.outerHTML.slice(0, 120)).catch(String)}`, async () => {
    if (await there.count()) return true;
    // From the start, not a reload: a sign-in that began before the clock was turned is too old to end.
    await page.goto(again.href);
    return there.count();
  }, PATIENCE_MS);
  return { page, context };
}
