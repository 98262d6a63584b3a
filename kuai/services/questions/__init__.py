"""Questions and checks: one row a question, an outbox, answers by link, counter or visit. Decision 0041."""
