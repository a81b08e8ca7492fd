/** Which webhooks were taken already, by the ids of their events. */
export interface SeenWebhooks {
  /** Takes one. False where it was taken before. */
  take(id: string, at: Date): Promise<boolean>;
  /** Gives one back that could not be acted on: it may come again. */
  giveBack(id: string): Promise<void>;
}
