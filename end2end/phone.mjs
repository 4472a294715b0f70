// A finger on one of the simulator's phones: it taps, presses long and reads what is on the glass.
// It refuses shortcuts: what a person cannot see or touch, it does not use.
import { PATIENCE_MS } from './world.mjs';

/** One phone of the desk. */
export class Hand {
  constructor(page, id) {
    this.page = page;
    this.id = id;
    this.glass = page.locator(`[data-phone-id="${id}"]`);
    this.web = this.glass.frameLocator('[data-test="browser-frame"]');
  }

  /** Adds a phone with the desk's own button. */
  static async pickUp(page, name) {
    const before = await Hand.ids(page);
    await page.getByTestId('add-phone').click();
    await page.getByTestId('new-name').fill(name);
    await page.getByTestId('new-add').click();
    await page.getByRole('region', { name, exact: true }).or(page.locator(`section[aria-label="${name}"]`)).first().waitFor();
    const id = (await Hand.ids(page)).find((one) => !before.includes(one));
    return new Hand(page, id);
  }

  static ids(page) {
    return page.getByTestId('phone').evaluateAll((phones) => phones.map((phone) => phone.dataset.phoneId));
  }

  /** What carries this hook on the screen in front, or over it; the latest, where there are several. */
  on(test) {
    return this.glass.locator(['.screen:not([inert])', '.layer', '.banners'].map((place) => `${place} [data-test="${test}"]`).join(', ')).last();
  }

  tap(test) {
    return this.on(test).click();
  }

  /** Waits until the screen in front has slid into its place; a browser's own page cannot know that it moves. */
  still() {
    return this.glass.locator('.screen:not([inert])')
      .evaluate((screen) => Promise.allSettled(screen.getAnimations().map((animation) => animation.finished)));
  }

  /** Presses a QR code in the phone's browser until the phone asks what to do with it. */
  async pressLong(locator) {
    await locator.waitFor();
    await this.still();
    await locator.hover();
    await this.page.mouse.down();
    await this.on('qr-sheet-open').waitFor();
    await this.page.mouse.up();
  }

  /** From the article's icon to the account's chat. */
  async followFromArticle(code) {
    await this.tap('open-article');
    await this.tap(`article-icon-${code}`);
    await this.pressLong(this.web.locator('[data-qr]').first());
    await this.tap('qr-sheet-open');
    await this.tap('follow');
    await this.tap('enter-chat');
  }

  /** From the reply's link to a claim. */
  async claim() {
    await this.tap('chat-link');
    await this.press();
    await this.state('paying', 'sent');
  }

  /** The one button of the claim page. */
  async press() {
    await this.web.getByTestId('claim').waitFor();
    await this.still();
    await this.web.getByTestId('claim').click();
  }

  /** Waits for one of these states of the claim page. */
  state(...names) {
    return this.web.locator(names.map((name) => `main[data-state="${name}"]`).join(', ')).waitFor();
  }

  /** Opens the packet in front and goes to the wallet. Returns the amount in fen that the wallet shows. */
  async openPacket() {
    await this.tap('packet');
    await this.tap('packet-open');
    const shown = await this.on('packet-amount').locator('b').textContent();
    await this.tap('packet-wallet');
    const row = this.on('wallet-row');
    await row.and(this.page.locator('[data-state="collected"]')).waitFor({ timeout: PATIENCE_MS });
    const fen = Number(await row.getAttribute('data-amount-fen'));
    if (Math.round(Number(shown) * 100) !== fen) throw new Error(`the packet said ${shown} yuan, the wallet ${fen} fen`);
    return fen;
  }
}
