// Every word of the desk and its panel, Chinese and English side by side.
// It refuses to touch the phones: what a follower sees is Chinese, as in the real thing.
const WORDS = {
  title: ['领包 · 微信模拟器', 'Lingbao · WeChat simulator'],
  name: ['微信模拟器', 'WeChat simulator'],
  motto: ['从一篇文章，到钱包里的红包', 'From an article to a red packet in the wallet'],
  addPhone: ['手机', 'Phone'],
  addTitle: ['添一部手机', 'Add a phone'],
  ownerName: ['名字', 'Name'],
  place: ['上网的地方', 'Where it is'],
  guangdong: ['广东', 'Guangdong'],
  zhejiang: ['浙江', 'Zhejiang'],
  abroad: ['境外', 'Abroad'],
  add: ['添加', 'Add'],
  cancel: ['取消', 'Cancel'],
  showPhone: ['换一部手机来看', 'Show another phone'],
  more: ['更多手机…', 'More phones…'],
  removePhone: ['收起并删除这部手机', 'Remove this phone'],
  removeSure: ['删除后，它的聊天和钱包都没有了。', 'Its chats and wallet are gone afterwards.'],
  remove: ['删除', 'Remove'],
  admin: ['打开后台', 'Dashboard'],
  panel: ['控制台', 'Controls'],
  closePanel: ['回到手机', 'Back to the phone'],
  online: ['已连接', 'Connected'],
  offline: ['连接断开，正在重连', 'Cut off, reconnecting'],
  clock: ['时钟', 'Clock'],
  clockNote: ['模拟器的时间，北京时区。红包满 24 小时没有拆，自动退回。', "The simulator's time in Beijing. A packet not opened within 24 hours goes back."],
  hour: ['+1 小时', '+1 hour'],
  day: ['+24 小时', '+24 hours'],
  faults: ['故障', 'Faults'],
  faultsNote: ['点一下，让下一次调用出错，看领包怎样接住。', 'One tap makes the next call go wrong. See how Lingbao takes it.'],
  clear: ['全部清除', 'Clear all'],
  waiting: ['等着出错', 'waiting'],
  noFault: ['现在一切正常', 'Everything is fine now'],
  books: ['账本', 'Books'],
  booksNote: ['微信这一边真正付出去的钱，与领包的账应当一分不差。', "What WeChat really paid. Lingbao's books must agree to the cent."],
  paid: ['已发出', 'Paid'],
  collected: ['已领取', 'Collected'],
  returned: ['已退回', 'Returned'],
  bills: ['笔数', 'Bills'],
  bill: ['单号', 'Bill'],
  who: ['谁', 'Who'],
  amount: ['金额（元）', 'Amount (CNY)'],
  state: ['状态', 'State'],
  noBills: ['还没有发过红包', 'No packet has been sent yet'],
  failed: ['没有成功', 'That did not work'],
  noOrigin: [
    '这个浏览器打不开 phone.localhost，手机里的网页会认不出人。请用新版 Chrome、Edge 或 Firefox。',
    'This browser cannot open phone.localhost, so pages inside the phones will not remember their person. Please use a current Chrome, Edge or Firefox.',
  ],
  noSim: ['模拟器没有回应，请看它是否在运行，然后刷新。', 'The simulator does not answer. See that it runs, then reload.'],
};

/** The faults a person may set from the panel, each with what it does. */
export const FAULTS = [
  { on: 'sendredpack', kind: 'lost_answer', zh: ['付了，没回话', '红包已记账，连接断开'], en: ['Paid, answer lost', 'Booked, then the connection is cut'] },
  { on: 'sendredpack', kind: 'lost_request', zh: ['请求丢失', '没有记账，连接断开'], en: ['Request lost', 'Cut before anything is booked'] },
  { on: 'sendredpack', kind: 'systemerror_after', zh: ['付了，说系统错', '红包已记账，回答 SYSTEMERROR'], en: ['Paid, says error', 'Booked, answers SYSTEMERROR'] },
  { on: 'sendredpack', kind: 'processing', zh: ['处理中', '红包已记账，回答 PROCESSING'], en: ['Processing', 'Booked, answers PROCESSING'] },
  { on: 'sendredpack', kind: 'failed', zh: ['发放失败', '先受理，一分钟后查询为 FAILED'], en: ['Fails later', 'Accepted, FAILED after a minute'] },
  { on: 'gethbinfo', kind: 'not_found', zh: ['查不到单', '查询回答 NOT_FOUND'], en: ['Not found', 'The query answers NOT_FOUND'] },
  { on: 'sendredpack', kind: 'notenough', zh: ['商户没钱', '回答 NOTENOUGH'], en: ['No money', 'Answers NOTENOUGH'] },
  { on: 'push', kind: 'duplicate', zh: ['推送两遍', '同一个事件送达两次'], en: ['Push twice', 'One event is delivered twice'] },
  { on: 'sendredpack', kind: 'http_500', zh: ['网关出错', '没有记账，回答 HTTP 500'], en: ['Gateway error', 'Not booked, answers HTTP 500'] },
];

const STATES = { sent: ['待拆开', 'sent'], collected: ['已领取', 'collected'], returned: ['已退回', 'returned'], returning: ['退款中', 'returning'], failed: ['发放失败', 'failed'], waiting_confirm: ['待确认', 'to confirm'] };

const KEY = 'lingbao-simulator-language';
let language = localStorage.getItem(KEY) === 'en' ? 'en' : 'zh';

export const lang = () => language;

/** Changes the language of the desk and remembers it. */
export function speak(wanted) {
  language = wanted;
  localStorage.setItem(KEY, wanted);
  document.documentElement.lang = wanted === 'en' ? 'en' : 'zh-CN';
  document.title = say('title');
}

/** A word of the desk in the chosen language. */
export const say = (key) => WORDS[key][language === 'en' ? 1 : 0];

/** A bill's state as a word. */
export const sayState = (state) => STATES[state]?.[language === 'en' ? 1 : 0] ?? state;
