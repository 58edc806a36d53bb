"""How subscriptions are billed as time goes by."""
