-- What the backend created for an attempt, kept when it is over.
ALTER TABLE attempts ADD COLUMN handle TEXT;
