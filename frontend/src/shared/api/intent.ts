/**
 * Idempotency keys. One intention (this decision, with this content, on this task) keeps its key over retries, so a
 * request that reached the server before the network broke is not done twice; another content is another intention.
 */

function randomKey(): string {
  // crypto.randomUUID is missing below Chromium 92 and on plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export class Intent {
  private content = ''
  private key = ''

  keyFor(payload: unknown): string {
    const content = JSON.stringify(payload) ?? ''
    if (!this.key || content !== this.content) {
      this.content = content
      this.key = randomKey()
    }
    return this.key
  }

  /** The server answered: the next request is a new intention even with the same content. */
  settle(): void {
    this.key = ''
  }
}
