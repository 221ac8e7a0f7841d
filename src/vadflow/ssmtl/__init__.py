"""ssmtl: object tubes, a student of several tasks on them, and what its answers say of an object."""
