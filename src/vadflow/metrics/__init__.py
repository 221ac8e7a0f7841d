"""The protocol of the AUC table. No torch here."""
