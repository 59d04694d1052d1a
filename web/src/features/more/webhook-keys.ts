/** Keys of what is cached of webhooks. */
export const webhookKeys = {
  webhooks: ["webhooks"] as const,
  eventTypes: ["webhook-event-types"] as const,
  deliveries: (id: string) => ["webhook-deliveries", id] as const,
};
