// The ground of every browser test: a browser, a world for it, and what is looked for on a page.
// It refuses to wait by the clock: every wait is for something that can be seen, with an end.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium, selectors } from 'playwright-core';
import { OPERATOR, PATIENCE_MS, World, until } from './world.mjs';

const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run'];
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const STORY_MS = 120_000;
const RESULTS = fileURLToPath(new URL('test-results', import.meta.url));

/** What WeChat's own browser says it is. */
export const WECHAT = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003230) NetType/WIFI Language/zh_CN';

selectors.setTestIdAttribute('data-test');

/** Starts the first browser found on PATH. */
export async function openBrowser() {
  const places = (process.env.PATH ?? '').split(delimiter);
  const found = BROWSERS.flatMap((name) => places.map((place) => join(place, name))).find(existsSync);
  if (!found) throw new Error('The browser tests found no Chromium on PATH: apt-get install chromium fonts-noto-cjk');
  return chromium.launch({ executablePath: found, args: QUIET });
}

/** Writes what a story that failed left on its screens, and closes them. */
async function keepPictures(browser, name) {
  const pages = browser.contexts().flatMap((context) => context.pages());
  for (const [number, page] of pages.entries()) {
    const path = join(RESULTS, `${name.replaceAll(/\W+/g, '-')}-${number + 1}.png`);
    await page.screenshot({ path }).then(() => console.error(`what was on the screen: ${path}`), (error) => console.error(`no picture of ${page.url()}: ${error.message}`));
  }
  await Promise.all(browser.contexts().map((context) => context.close()));
}

/** World and browser of a suite, and how its stories are told: when one fails, the programs' last lines are printed. */
export function ground() {
  const stage = { world: null, browser: null };
  let failed = false;
  before(async () => {
    stage.browser = await openBrowser();
    stage.world = await World.start();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.world?.stop(failed);
  });
  const story = (name, tell, timeout = STORY_MS) => test(name, { timeout }, async (context) => {
    try {
      await tell(stage, context);
    } catch (error) {
      failed = true;
      await keepPictures(stage.browser, name);
      throw error;
    }
  });
  return { stage, story };
}

/** WeChat's browser on the phone `id`: its own cookies, without script unless `more` says so. */
export async function wechatBrowser(browser, id, more = {}) {
  const context = await browser.newContext({
    userAgent: WECHAT, viewport: { width: 390, height: 780 }, locale: 'zh-CN', javaScriptEnabled: false, ...more,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  if (id) await context.addCookies([{ name: 'sim_phone', value: id, domain: '127.0.0.1', path: '/' }]);
  return context;
}

/** Collects what a page complains of; a request cut off by navigation is no complaint. */
export function complaints(page) {
  const heard = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || /panicked|hydration/i.test(message.text())) heard.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => heard.push(String(error)));
  return heard;
}

/** By how many pixels a page is wider than its window, and the element that sticks out the most. */
export const overflow = (page) => page.evaluate(() => {
  const room = document.documentElement.clientWidth;
  const over = document.documentElement.scrollWidth - room;
  if (over <= 0) return '';
  const worst = [...document.body.querySelectorAll('*')].toSorted((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
  return `${over} px too wide at ${room} px: <${worst?.tagName.toLowerCase()} class="${worst?.className}">`;
});

/** Waits until the element listens: a page is drawn before it is alive, and would lose a click in between. */
export async function alive(page, selector = '[data-test="theme-switch"]') {
  const devtools = await page.context().newCDPSession(page);
  await until(`a listener on ${selector} at ${page.url()}`, async () => {
    const { result } = await devtools.send('Runtime.evaluate', { expression: `document.querySelector(${JSON.stringify(selector)})` });
    if (!result.objectId) return false;
    const { listeners } = await devtools.send('DOMDebugger.getEventListeners', { objectId: result.objectId });
    return listeners.length > 0;
  });
  await devtools.detach();
}

/** Signs in at the door of the dashboard. */
export async function signIn(page, origin, { login, password } = OPERATOR) {
  await page.goto(`${origin}/admin/sign-in`);
  await page.locator('[name="login"]').fill(login);
  await page.locator('[name="password"]').fill(password);
  await page.getByTestId('sign-in').click();
}

/** A browser of staff, signed in. */
export async function staffBrowser(browser, origin, more = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN', ...more });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await signIn(page, origin);
  await page.waitForURL(`${origin}/admin`);
  return { context, page };
}
