// The desk: opens the simulator's world, sets out the phones and keeps them and the panel up to date.
// It refuses to run under a bare 127.0.0.1 where it can help it: there the phones' cookies would be a stranger's.
import { h, still } from './dom.js';
import { icon } from './icons.js';
import { Phone } from './device.js';
import { panel } from './panel.js';
import { lang, say, speak } from './say.js';
import { addPhone, onChange, open, removePhone, state } from './store.js';

const HOME = 'phone.localhost';
const MOST = 4;
const FRAME = { width: 414, height: 804, plate: 44 };
const SMALLEST = 0.58;
const ORDER = 'lingbao-simulator-phones';
const NAMES = ['小明', '小红', '阿强', '老王'];
const PLACES = [['guangdong', '183.3.226.'], ['zhejiang', '115.236.112.'], ['abroad', '8.8.8.']];

const top = document.getElementById('top');
const place = document.getElementById('desk');
const slots = new Map();
let shown = [];
let current = null;
let chosen = false;
const desk = { others: (phone) => [...slots.values()].filter((other) => other !== phone) };

/** The phones are `{id}.phone.localhost`: a page of `phone.localhost` is their neighbour, so their cookies stay their own. */
async function moveHome() {
  if (location.hostname === HOME) return false;
  const target = new URL(location.href);
  target.hostname = HOME;
  try {
    await fetch(new URL('/phone/tokens.css', target), { mode: 'no-cors' });
  } catch {
    notice(say('noOrigin'));
    return false;
  }
  location.replace(target);
  return true;
}

function notice(text) {
  document.querySelector('.notice')?.remove();
  document.body.append(h('p', { class: 'notice', role: 'alert' }, text,
    h('button', { type: 'button', class: 'bar-button', 'aria-label': '×', onclick: (event) => event.currentTarget.parentElement.remove() }, icon('close'))));
}

const addressOf = (prefix) => `${prefix}${10 + (state.phones.length * 7) % 200}`;
const nextName = () => NAMES.find((name) => !state.phones.some((phone) => phone.name === name)) ?? `手机${state.phones.length + 1}`;

async function create(name, prefix) {
  const answer = await addPhone(name, addressOf(prefix));
  bringForward(answer.id);
}

function bringForward(id) {
  if (!shown.includes(id)) shown = [...shown, id].slice(-MOST);
  current = id;
  draw();
  const slot = slots.get(id)?.el;
  if (slot && getComputedStyle(slot).display !== 'none') slot.scrollIntoView({ inline: 'center', block: 'nearest', behavior: still() ? 'auto' : 'smooth' });
}

function askForPhone() {
  const name = h('input', { name: 'name', value: nextName(), maxlength: '12', required: true, autocomplete: 'off', 'data-test': 'new-name' });
  const where = h('select', { name: 'place', 'data-test': 'new-place' }, PLACES.map(([key, prefix]) => h('option', { value: prefix }, say(key))));
  ask(say('addTitle'), [h('label', {}, say('ownerName'), name), h('label', {}, say('place'), where)], say('add'), 'new-add',
    () => create(name.value.trim() || nextName(), where.value));
}

function askToRemove(id) {
  const phone = state.phones.find((one) => one.id === id);
  ask(`${say('remove')} ${phone?.name ?? ''}`, [h('p', {}, say('removeSure'))], say('remove'), 'remove-yes', async () => {
    await removePhone(id);
    if (!state.phones.length) await create(NAMES[0], PLACES[0][1]);
  });
}

function ask(title, fields, verb, test, act) {
  const submit = async (event) => {
    event.preventDefault();
    try {
      await act();
    } catch (error) {
      notice(`${say('failed')}：${error.message}`);
    }
    dialog.close();
  };
  const dialog = h('dialog', { class: 'ask', 'aria-label': title, onclose: () => dialog.remove() },
    h('form', { onsubmit: submit }, h('h2', {}, title), fields,
      h('div', { class: 'ask-buttons' }, h('button', { type: 'button', class: 'plain-button', onclick: () => dialog.close() }, say('cancel')),
        h('button', { type: 'submit', class: 'main-button', 'data-test': test }, verb))));
  document.body.append(dialog);
  dialog.showModal();
}

function drawTop() {
  const rest = state.phones.filter((phone) => !shown.includes(phone.id));
  const names = shown.map((id) => h('button', {
    type: 'button', class: 'name-tab', 'data-test': `switch-${id}`, 'aria-pressed': String(id === current), onclick: () => bringForward(id),
  }, state.phones.find((phone) => phone.id === id)?.name ?? id));
  const select = h('select', { class: 'rest', 'aria-label': say('showPhone'), onchange: (event) => bringForward(event.target.value) },
    h('option', { value: '' }, say('more')), rest.toReversed().slice(0, 40).map((phone) => h('option', { value: phone.id }, phone.name)));
  const other = lang() === 'zh' ? 'en' : 'zh';
  top.replaceChildren(
    h('div', { class: 'brand' }, h('span', { class: 'brand-mark', 'aria-hidden': 'true' }), h('h1', {}, say('name')), h('p', {}, say('motto'))),
    h('div', { class: 'names' }, names),
    h('div', { class: 'tools' }, rest.length ? select : null,
      h('button', { type: 'button', class: 'plain-button add', 'data-test': 'add-phone', onclick: askForPhone }, icon('plus'), say('addPhone')),
      h('a', { class: 'plain-button wide-only', href: `${state.world.server}/admin`, target: '_blank', rel: 'noopener', 'data-test': 'open-admin' }, say('admin'), icon('go')),
      h('button', { type: 'button', class: 'plain-button', 'data-test': 'language', lang: other === 'en' ? 'en' : 'zh-CN', onclick: () => { speak(other); controls.rebuild(); draw(); } }, other === 'en' ? 'EN' : '中文'),
      h('button', { type: 'button', class: 'plain-button narrow-only', 'data-test': 'panel-open', 'aria-label': say('panel'), onclick: () => document.body.classList.add('show-panel') }, icon('panel'))));
}

function plate(id) {
  const name = h('b', {});
  const ip = h('small', {});
  const el = h('div', { class: 'plate' }, name, ip,
    h('button', { type: 'button', class: 'bar-button', 'data-test': 'remove-phone', onclick: () => askToRemove(id) }, icon('trash')));
  return { el, draw: (phone) => {
    name.textContent = phone.name;
    ip.textContent = phone.ip ?? '';
    el.querySelector('button').setAttribute('aria-label', `${say('removePhone')}：${phone.name}`);
  } };
}

let drawnTop = '';

function draw() {
  const alive = new Set(state.phones.map((phone) => phone.id));
  shown = shown.filter((id) => alive.has(id));
  const room = state.phones.filter((phone) => !shown.includes(phone.id)).slice(-(MOST - shown.length));
  if (shown.length < MOST && !chosen) shown = [...shown, ...room.map((phone) => phone.id)];
  if (!shown.includes(current)) current = shown[0] ?? null;
  for (const [id, phone] of slots) {
    if (shown.includes(id)) continue;
    phone.leave();
    slots.delete(id);
  }
  for (const id of shown) {
    if (!slots.has(id)) {
      const phone = new Phone(id, desk);
      phone.plate = plate(id);
      phone.el.prepend(phone.plate.el);
      slots.set(id, phone);
      place.append(phone.el);
    }
    const phone = slots.get(id);
    phone.el.classList.toggle('current', id === current);
    phone.plate.draw(phone.data);
    phone.update();
  }
  if (!chosen) localStorage.setItem(ORDER, shown.join());
  const key = JSON.stringify([shown, current, lang(), state.phones.map((phone) => [phone.id, phone.name])]);
  if (key !== drawnTop) {
    drawnTop = key;
    drawTop();
  }
  fit();
  controls.draw();
}

/** As large as the desk allows, never too small to read. */
function fit() {
  const count = Math.max(1, shown.length);
  const between = count > 2 ? 20 : 32;
  const wide = (place.clientWidth - 36 - (count - 1) * between) / count / FRAME.width;
  const high = (place.clientHeight - FRAME.plate - 22) / FRAME.height;
  const scale = Math.max(SMALLEST, Math.min(1, wide, high));
  place.style.setProperty('--between', `${between}px`);
  place.style.setProperty('--scale', scale.toFixed(4));
}

const controls = panel(document.getElementById('panel'), notice);

/** Phones that the address asks for: `/phone?phone=id,id`, or `/phone#id,id`, which survives a redirect. */
const wantedIds = () => (new URLSearchParams(location.search).get('phone') ?? location.hash.slice(1)).split(',').filter(Boolean);

async function start() {
  speak(lang());
  if (await moveHome()) return;
  try {
    await open();
  } catch (error) {
    notice(`${say('noSim')} (${error.message})`);
    return;
  }
  const alive = (ids) => ids.filter((id) => state.phones.some((phone) => phone.id === id)).slice(0, MOST);
  shown = alive(wantedIds());
  chosen = shown.length > 0;
  if (!chosen) shown = alive((localStorage.getItem(ORDER) ?? '').split(','));
  if (!state.phones.length) await create(NAMES[0], PLACES[0][1]);
  onChange(draw);
  draw();
  new ResizeObserver(fit).observe(place);
  setInterval(() => {
    controls.tick();
    slots.forEach((phone) => { phone.time.textContent = phone.clock(); });
  }, 1000);
}

start();
