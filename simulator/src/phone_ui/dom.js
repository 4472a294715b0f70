// Small makers of elements and of texts for times and money.
// It refuses to know what is on the screen: no state, no requests.

/** An element with attributes (`on…` are listeners) and children; empty children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** A picture from one of our own constant strings, never from data. */
export function drawing(markup, className = 'ico') {
  const box = h('span', { class: className, 'aria-hidden': 'true' });
  box.innerHTML = markup;
  return box;
}

/** Integer fen as yuan with two decimals. */
export function yuan(fen) {
  const sign = fen < 0 ? '-' : '';
  const whole = Math.abs(Math.trunc(fen));
  return `${sign}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
}

const ZONE = 'Asia/Shanghai';
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, hour: '2-digit', minute: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, month: 'long', day: 'numeric' });
const full = new Intl.DateTimeFormat('sv-SE', {
  timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});

/** 14:05 in Beijing. */
export const hourMinute = (ms) => clock.format(ms);
/** 2026-11-20 14:05:09 in Beijing. */
export const dateTime = (ms) => full.format(ms);
/** Today's moments as 14:05, older ones as 11月20日 14:05. */
export const moment = (ms, now) => (day.format(ms) === day.format(now) ? clock.format(ms) : `${day.format(ms)} ${clock.format(ms)}`);

/** Whatever a time came as (seconds, milliseconds, text), in milliseconds. */
export function millis(at) {
  if (typeof at === 'number') return at < 1e11 ? at * 1000 : at;
  const number = Number(at);
  return Number.isNaN(number) ? Date.parse(at) || 0 : millis(number);
}

/** Does this person want stillness? */
export const still = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
