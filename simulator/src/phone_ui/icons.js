// Every small picture of the phones, drawn here so that they look the same on every machine.
// It refuses pictures from outside: an account with an unknown icon shows that character itself.
import { drawing, h } from './dom.js';

const line = (body, box = 24) =>
  `<svg viewBox="0 0 ${box} ${box}" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">${body}</svg>`;

const PICTURES = {
  back: line('<path d="M15 4.5 7.5 12l7.5 7.5"/>'),
  close: line('<path d="m6 6 12 12M18 6 6 18"/>'),
  more: '<svg viewBox="0 0 24 24" fill="currentColor"><circle cx="5" cy="12" r="1.9"/><circle cx="12" cy="12" r="1.9"/><circle cx="19" cy="12" r="1.9"/></svg>',
  go: line('<path d="m9 5 7 7-7 7"/>'),
  plus: line('<path d="M12 5v14M5 12h14"/>'),
  check: line('<path d="m5 12.5 4.5 4.5L19 7.5"/>'),
  refresh: line('<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3v4.5H15"/>'),
  link: line('<path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"/>'),
  share: line('<path d="M13 5.5v4C6.5 9.7 4.5 14 4 18.5c2-3 4.5-4.2 9-4.2v4L21 12z"/>'),
  panel: line('<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>'),
  clock: line('<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>'),
  bolt: line('<path d="M13 3 5.5 13.5H11L10 21l8-11h-5.6z"/>'),
  book: line('<path d="M5 5.5A2 2 0 0 1 7 4h12v14H7a2 2 0 0 0-2 2zM5 20a2 2 0 0 0 2 1.5h12M9 8.5h6"/>'),
  trash: line('<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"/>'),
  qr: line('<rect x="4" y="4" width="6" height="6" rx="1"/><rect x="14" y="4" width="6" height="6" rx="1"/><rect x="4" y="14" width="6" height="6" rx="1"/><path d="M14 14h2v2M20 14v2M14 20h2M18.5 18.5H20V20"/>'),
  chats: line('<path d="M9.5 4.5c-3.9 0-7 2.5-7 5.7 0 1.8 1 3.4 2.6 4.4L4.6 17l2.6-1.3c.7.2 1.5.3 2.3.3 3.9 0 7-2.6 7-5.8s-3.1-5.7-7-5.7z"/><path d="M17.3 10.3c2.5.7 4.2 2.5 4.2 4.6 0 1.4-.8 2.7-2 3.5l.3 2-2.2-1.1c-2.3.5-4.7-.1-6.1-1.5"/>'),
  contacts: line('<circle cx="10" cy="8" r="3.7"/><path d="M3 19.5c.6-3.8 3.4-5.7 7-5.7s6.4 1.9 7 5.7zM17.5 6.5h4M18 10.5h3.5"/>'),
  compass: line('<circle cx="12" cy="12" r="8.7"/><path d="m15.5 8.5-2 5-5 2 2-5z"/>'),
  me: line('<circle cx="12" cy="8" r="4"/><path d="M4.5 20c.7-4.2 3.7-6.2 7.5-6.2s6.8 2 7.5 6.2z"/>'),
  wallet: line('<rect x="3.5" y="6" width="17" height="13" rx="2.5"/><path d="M3.5 10h17M15.5 14.5h2"/>'),
  keyboard: line('<rect x="3" y="6" width="18" height="12" rx="2"/><path d="M7 10h.01M11 10h.01M15 10h.01M8 14h8"/>'),
  notice: line('<path d="M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>'),
  paper: line('<rect x="4.5" y="4" width="15" height="16" rx="2"/><path d="M8 8.5h8M8 12h8M8 15.5h5"/>'),
  signal: '<svg viewBox="0 0 18 12" fill="currentColor"><rect x="0" y="8" width="3" height="4" rx="1"/><rect x="5" y="5.5" width="3" height="6.5" rx="1"/><rect x="10" y="3" width="3" height="9" rx="1"/><rect x="15" y="0" width="3" height="12" rx="1"/></svg>',
  wifi: '<svg viewBox="0 0 17 12" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round"><path d="M1.5 4.3a10 10 0 0 1 14 0M4 7.2a6.3 6.3 0 0 1 9 0"/><circle cx="8.5" cy="10.3" r=".8" fill="currentColor"/></svg>',
  battery: '<svg viewBox="0 0 27 13"><rect x=".6" y=".6" width="22.8" height="11.8" rx="3.6" fill="none" stroke="currentColor" opacity=".45"/><rect x="2.3" y="2.3" width="16" height="8.4" rx="2.2" fill="currentColor"/><path d="M25 4.5v4c.9-.3 1.5-1 1.5-2s-.6-1.7-1.5-2z" fill="currentColor" opacity=".5"/></svg>',
};

const MARKS = {
  '☕': line('<path d="M7 13h15v6.5a5.5 5.5 0 0 1-5.5 5.5h-4A5.5 5.5 0 0 1 7 19.5zM22 15h2a2.5 2.5 0 0 1 0 6h-2M11 9.5c-1.2-1.3 1.2-2 0-3.5M15 9.5c-1.2-1.3 1.2-2 0-3.5M19 9.5c-1.2-1.3 1.2-2 0-3.5"/>', 32),
  '📚': line('<path d="M16 10.5C13.5 8.5 10 8 6 8v15c4 0 7.5.5 10 2.5 2.5-2 6-2.5 10-2.5V8c-4 0-7.5.5-10 2.5zM16 10.5v15M9.5 12.5c1.3.1 2.5.3 3.5.7M9.5 16.5c1.3.1 2.5.3 3.5.7M22.5 12.5c-1.3.1-2.5.3-3.5.7"/>', 32),
  '🍜': line('<path d="M5.5 15.5h21c0 4.3-2.5 7.6-6 9v1.5h-9v-1.5c-3.5-1.4-6-4.7-6-9zM11 15.5V7M14.5 15.5V6.5M8 9l18-3.5M8 12l18-1.5"/>', 32),
  '🧧': '<svg viewBox="0 0 32 32"><rect x="8" y="5" width="16" height="22" rx="3" fill="#E9C27C"/><path d="M8 8a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3v3.5c-4.8 4.6-11.2 4.6-16 0z" fill="#F4DAA6"/><circle cx="16" cy="15" r="3.6" fill="#A92A1E"/><path d="M14.5 13.6 16 15.3l1.5-1.7M16 15.3v2M14.7 15.8h2.6" stroke="#F4DAA6" stroke-width=".9" fill="none" stroke-linecap="round"/></svg>',
};

/** A named line picture. */
export const icon = (name, className) => drawing(PICTURES[name], className);

/** The square picture of an account; `index` chooses its colour. */
export function accountIcon(account, index = 0, size = '') {
  const tone = account?.icon === '🧧' ? 'packet' : String(((index % 6) + 6) % 6);
  const box = h('span', { class: `avatar ${size}`, 'data-tone': tone, 'aria-hidden': 'true' });
  const mark = MARKS[account?.icon];
  if (mark) box.innerHTML = mark;
  else box.textContent = account?.icon || (account?.name ?? '?').slice(0, 1);
  return box;
}

/** The round-cornered picture of something that is not an account. */
export const plainIcon = (name, tone, size = '') => {
  const box = drawing(PICTURES[name], `avatar ${size}`);
  box.dataset.tone = tone;
  return box;
};
