// The page of an official account: who it is, and the button that follows it.
// It refuses to hurry: the answer shown is the one after WeChat's push to the account's server has ended.
import { h } from './dom.js';
import { accountIcon, icon } from './icons.js';
import { accountIndex, accountOf, follow, unfollow } from './store.js';
import { barButton, navbar } from './device.js';

const INTRO = {
  gh_shanyecoffee: '豆子来自云南的山野，每天清晨现烘。慢一点，喝一杯。',
  gh_mandubooks: '一间可以坐一下午的书房，每周荐一本好书。',
  gh_chengnan: '城南老街的一碗热汤面，从早卖到晚。',
  gh_lingbaofuwu: '开业见面礼，从这里直接领到微信零钱。',
};

/** The account's page. */
export function profile(phone, { appid }) {
  const account = accountOf(appid);
  const actions = h('div', { class: 'prof-actions' });
  let busy = false;
  const press = async () => {
    busy = true;
    update();
    try {
      const answer = await follow(phone.id, appid);
      const lost = answer?.deliveries?.length > 0 && answer.deliveries.every((delivery) => delivery.status !== 200);
      if (lost) phone.toast('已关注，但公众号的服务器没有回应');
    } catch (error) {
      phone.toast(`关注没有成功：${error.message}`);
    } finally {
      busy = false;
      update();
    }
  };
  const update = () => {
    const followed = phone.follows(appid);
    const key = `${followed && !busy}${busy}`;
    if (actions.dataset.key === key) return;
    actions.dataset.key = key;
    actions.replaceChildren(followed && !busy
      ? h('button', { type: 'button', class: 'big-button pulse', 'data-test': 'enter-chat', onclick: () => phone.push('chat', { appid }) }, icon('chats'), '进入公众号')
      : h('button', { type: 'button', class: 'big-button', 'data-test': 'follow', disabled: busy, onclick: press }, busy ? '关注中…' : '关注'));
    followedMark.hidden = !followed || busy;
  };
  const followedMark = h('span', { class: 'prof-mark', 'data-test': 'followed', hidden: true }, icon('check'), '已关注');
  const menu = () => phone.sheet(phone.follows(appid)
    ? [{ label: '不再关注', test: 'unfollow', run: () => unfollow(phone.id, appid).catch((error) => phone.toast(error.message)) }]
    : [{ label: '关注公众号', run: press }]);
  return {
    el: h('div', { class: 'profile' },
      navbar('', barButton('back', '返回', () => phone.pop(), 'back'), barButton('more', '更多', menu, 'profile-more'), 'paper'),
      h('div', { class: 'scroll prof-body' },
        h('div', { class: 'prof-head' }, accountIcon(account, accountIndex(appid), 'huge'),
          h('div', {}, h('h1', {}, account?.name ?? appid), followedMark)),
        h('p', { class: 'prof-intro' }, INTRO[account?.original_id] ?? '发现身边的好店，关注有惊喜。'),
        actions,
        h('dl', { class: 'prof-facts' },
          h('dt', {}, '类型'), h('dd', {}, account?.kind === 'service' ? '服务号' : '订阅号'),
          h('dt', {}, '微信号'), h('dd', {}, account?.original_id ?? ''),
          h('dt', {}, '账号主体'), h('dd', {}, '个体工商户（演示）')))),
    update,
  };
}
