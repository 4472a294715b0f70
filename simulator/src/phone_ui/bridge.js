// What WeChat adds to a page inside one of the simulator's phones: wx, WeixinJSBridge and the long press on a QR code.
// It refuses to touch the page's looks, to read its cookies or forms, or to run anything it is told.
(() => {
  'use strict';
  const tell = (message) => {
    if (window.parent !== window) window.parent.postMessage(message, '*');
  };

  // WeixinJSBridge: what it can do it does, everything else is answered as WeChat answers an unknown call.
  const clean = (data) => {
    const texts = {};
    for (const key of ['title', 'desc', 'link', 'imgUrl']) texts[key] = String(data?.[key] ?? '').slice(0, 300);
    return texts;
  };
  const shared = (data) => tell({ type: 'share', data: clean(data) });
  const nothing = () => {};
  const ABILITIES = {
    closeWindow: () => tell({ type: 'close' }),
    updateAppMessageShareData: shared,
    updateTimelineShareData: shared,
    onMenuShareAppMessage: shared,
    onMenuShareTimeline: shared,
    hideOptionMenu: nothing, showOptionMenu: nothing, hideMenuItems: nothing, showMenuItems: nothing,
    hideAllNonBaseMenuItem: nothing, showAllNonBaseMenuItem: nothing, hideToolbar: nothing, showToolbar: nothing,
    getNetworkType: () => ({ networkType: 'wifi' }),
    preVerifyJSAPI: () => ({ jsapilist: '{}' }),
  };

  // Abilities that wait for the person: the phone shows a sheet, and says by a message how it ended.
  const waiting = new Map();
  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.data?.type !== 'answer') return;
    const done = waiting.get(event.data.id);
    waiting.delete(event.data.id);
    done?.(String(event.data.end));
  });
  const askPhone = (name, data) => new Promise((done) => {
    if (window.parent === window) return done('fail');
    const id = `${name}${waiting.size}-${performance.now()}`;
    waiting.set(id, done);
    tell({ type: name, id, data });
  });
  const WAITING = {
    requestMerchantTransfer: (data) => askPhone('requestMerchantTransfer', {
      mchId: String(data?.mchId ?? ''), appId: String(data?.appId ?? ''), package: String(data?.package ?? ''),
    }),
  };
  const listeners = {};
  const invoke = (name, data, callback) => {
    if (Object.hasOwn(WAITING, name)) {
      WAITING[name](data).then((end) => typeof callback === 'function' && callback({ err_msg: `${name}:${end}` }));
      return;
    }
    const able = Object.hasOwn(ABILITIES, name);
    const more = able ? ABILITIES[name](data ?? {}) : {};
    const answer = { ...more, err_msg: able ? `${name}:ok` : 'system:function_not_exist' };
    if (typeof callback === 'function') queueMicrotask(() => callback(answer));
  };
  if (!window.WeixinJSBridge) {
    window.WeixinJSBridge = {
      invoke,
      call: (name, data) => invoke(name, data),
      on: (name, callback) => { (listeners[name] ??= []).push(callback); },
    };
  }
  const ready = () => document.dispatchEvent(new Event('WeixinJSBridgeReady'));

  // wx: the JS-SDK as far as a page of this product uses it. A later script may replace it; share data still reaches the phone.
  const finish = (name, options, more) => {
    const answer = { ...more, errMsg: more ? `${name}:ok` : `${name}:fail, the function is not implemented in the simulator` };
    (more ? options?.success : options?.fail)?.(answer);
    options?.complete?.(answer);
  };
  const once = document.readyState === 'loading'
    ? new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true })) : Promise.resolve();
  const own = {
    config: nothing,
    ready: (callback) => once.then(callback),
    error: nothing,
    checkJsApi: (options) => finish('checkJsApi', options, {
      checkResult: Object.fromEntries((options?.jsApiList ?? []).map((name) => [name, Object.hasOwn(own, name)])),
    }),
  };
  for (const name of Object.keys(ABILITIES)) {
    own[name] = (options) => finish(name, options, { ...ABILITIES[name](options ?? {}) });
  }
  for (const name of Object.keys(WAITING)) {
    own[name] = (options) => WAITING[name](options).then((end) => {
      const answer = { errMsg: `${name}:${end}` };
      ({ ok: options?.success, cancel: options?.cancel }[end] ?? options?.fail)?.(answer);
      options?.complete?.(answer);
    });
  }
  const SHARES = ['updateAppMessageShareData', 'updateTimelineShareData', 'onMenuShareAppMessage', 'onMenuShareTimeline'];
  const listenIn = (sdk) => {
    if (!sdk || sdk === own || typeof sdk !== 'object') return sdk;
    for (const name of SHARES) {
      const original = sdk[name];
      if (typeof original !== 'function' || !Object.getOwnPropertyDescriptor(sdk, name)?.writable) continue;
      sdk[name] = function share(options) {
        shared(options);
        return original.call(this, options);
      };
    }
    return sdk;
  };
  let sdk = window.wx ?? own;
  Object.defineProperty(window, 'wx', { configurable: true, enumerable: true, get: () => sdk, set: (value) => { sdk = listenIn(value); } });

  // Long press, right click or a plain click on a picture that carries a QR code's text.
  const HOLD_MS = 450;
  const MOVE_PX = 12;
  let hold = null;
  let asked = 0;
  const codeAt = (target) => (target instanceof Element ? target.closest('[data-qr]') : null);
  const ask = (element, event) => {
    if (event.timeStamp - asked < 700) return;
    asked = event.timeStamp;
    tell({ type: 'qr', value: String(element.dataset.qr).slice(0, 300) });
  };
  const letGo = () => {
    clearTimeout(hold?.timer);
    hold = null;
  };
  document.addEventListener('pointerdown', (event) => {
    const element = codeAt(event.target);
    letGo();
    if (element) hold = { x: event.clientX, y: event.clientY, timer: setTimeout(() => ask(element, { timeStamp: performance.now() }), HOLD_MS) };
  }, true);
  document.addEventListener('pointermove', (event) => {
    if (hold && Math.hypot(event.clientX - hold.x, event.clientY - hold.y) > MOVE_PX) letGo();
  }, true);
  for (const name of ['pointerup', 'pointercancel', 'scroll']) document.addEventListener(name, letGo, true);
  document.addEventListener('contextmenu', (event) => {
    const element = codeAt(event.target);
    if (!element) return;
    event.preventDefault();
    letGo();
    ask(element, event);
  }, true);
  document.addEventListener('dragstart', (event) => codeAt(event.target) && event.preventDefault(), true);

  // Links: a profile link opens the account natively, one that leaves this origin is left to the phone.
  const followLink = (event, link) => {
    let url;
    try {
      url = new URL(link.href, location.href);
    } catch {
      return;
    }
    if (url.pathname === '/mp/profile_ext' && url.searchParams.get('__biz')) {
      event.preventDefault();
      tell({ type: 'profile', biz: url.searchParams.get('__biz') });
    } else if (/^https?:$/.test(url.protocol) && url.origin !== location.origin) {
      event.preventDefault();
      tell({ type: 'open', url: url.href });
    } else if (link.target && link.target !== '_self' && url.origin === location.origin) {
      event.preventDefault();
      location.assign(url.href);
    }
  };
  document.addEventListener('click', (event) => {
    const code = codeAt(event.target);
    if (code) {
      event.preventDefault();
      ask(code, event);
      return;
    }
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (link) followLink(event, link);
  }, true);

  // Where the page is and what it is called.
  let last = '';
  const nav = () => {
    const message = { type: 'nav', title: document.title, path: location.pathname + location.search + location.hash, qr: document.querySelector('[data-qr]') !== null };
    const key = JSON.stringify(message);
    if (key === last) return;
    last = key;
    tell(message);
  };
  once.then(() => {
    ready();
    nav();
    const head = document.querySelector('head');
    if (head) new MutationObserver(nav).observe(head, { subtree: true, childList: true, characterData: true });
  });
  window.addEventListener('load', nav);
  window.addEventListener('pageshow', () => { last = ''; nav(); });
  window.addEventListener('popstate', nav);
  window.addEventListener('hashchange', nav);
  window.addEventListener('pagehide', () => tell({ type: 'leaving' }));
})();
