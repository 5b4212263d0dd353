-- Times are nanoseconds since 1970. A job's arrival is its row id and the key of all that belongs to it: short, and
-- it only grows, so new rows of every table land side by side and one commit writes few pages.

-- What changes about a job. Kept narrow: every transition writes such a row anew.
CREATE TABLE jobs (
    arrival       INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL,
    project       TEXT    NOT NULL,
    contract      TEXT    NOT NULL,
    service       TEXT    NOT NULL,
    client_id     TEXT,
    generation    INTEGER NOT NULL,
    name          TEXT    NOT NULL, -- in lower case, for the search
    backend       TEXT    NOT NULL,
    state_word    TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    attempt       INTEGER,          -- number of the live attempt
    wish          TEXT    NOT NULL,
    urgency       INTEGER NOT NULL, -- priority, negated: an index in its order is the order of the queue
    not_before    INTEGER,          -- while queued
    version       INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    ran           INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    user_failures INTEGER NOT NULL,
    retry_of      TEXT,
    webhooks      INTEGER NOT NULL, -- one bit for each webhook that wants to be told, by its place in the spec
    active        INTEGER GENERATED ALWAYS AS (
                      attempt IS NOT NULL
                      OR state_word = 'queued' AND wish <> 'run'
                      OR state_word = 'paused' AND wish <> 'pause'
                      OR state_word IN ('succeeded', 'failed', 'cancelled', 'rendered') AND wish = 'delete') VIRTUAL
);

CREATE UNIQUE INDEX jobs_id ON jobs (id);
CREATE UNIQUE INDEX jobs_client ON jobs (project, contract, service, client_id, generation) WHERE client_id IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (backend, urgency, arrival, not_before) WHERE state_word = 'queued' AND wish = 'run';
-- A job that was due when it was created is found by jobs_waiting; leaving it out here saves every create a page.
CREATE INDEX jobs_due ON jobs (not_before) WHERE state_word = 'queued' AND wish = 'run' AND not_before > created;
CREATE INDEX jobs_active ON jobs (arrival, id) WHERE active = 1;
CREATE INDEX jobs_beating ON jobs (arrival, id) WHERE webhooks <> 0 AND state_word = 'running';
-- Lists, newest first; which of the three answers is decided in Search. Filtering stays inside the index.
CREATE INDEX jobs_state ON jobs (state_word, arrival, project, contract, backend);
CREATE INDEX jobs_project ON jobs (project, arrival);
CREATE INDEX jobs_listing ON jobs (arrival, project, contract, backend, name);

-- What was asked: written once.
CREATE TABLE bodies (
    job         INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    warnings    TEXT NOT NULL,
    spec        BLOB NOT NULL, -- CBOR
    request     TEXT NOT NULL
);

CREATE TABLE labels (
    name  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    job   INTEGER NOT NULL,
    PRIMARY KEY (name, value, job)
) WITHOUT ROWID;

CREATE TABLE secrets (
    job   INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    value BLOB    NOT NULL,
    PRIMARY KEY (job, name)
) WITHOUT ROWID;

CREATE TABLE keys (
    project     TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    job         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    fingerprint BLOB    NOT NULL,
    PRIMARY KEY (project, key)
) WITHOUT ROWID;
CREATE INDEX keys_at ON keys (at);
CREATE INDEX keys_job ON keys (job);

CREATE TABLE events (
    job      INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    attempt  INTEGER,
    message  TEXT    NOT NULL,
    PRIMARY KEY (job, sequence)
) WITHOUT ROWID;

CREATE TABLE attempts (
    job       INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    backend   TEXT    NOT NULL,
    content   TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    ended     INTEGER,
    end_text  TEXT,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE INDEX attempts_live ON attempts (backend) WHERE ended IS NULL;

-- head marks the oldest row of each webhook of a job, the only one that may be delivered. Ids are never used again: a
-- late "delivered" must not hit a younger row.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    job      INTEGER NOT NULL,
    webhook  INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    tries    INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    head     INTEGER NOT NULL
);
CREATE INDEX outbox_job ON outbox (job, webhook);
CREATE INDEX outbox_due ON outbox (due) WHERE head = 1;

-- The last tries to tell a job's receivers; a sequence of 0 is a heartbeat.
CREATE TABLE deliveries (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    job      INTEGER NOT NULL,
    webhook  INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    took     INTEGER NOT NULL,
    status   INTEGER,
    result   TEXT    NOT NULL,
    detail   TEXT    NOT NULL
);
CREATE INDEX deliveries_job ON deliveries (job);

CREATE TABLE metrics (
    job      INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    attempt  INTEGER NOT NULL,
    chunk    INTEGER NOT NULL,
    points   INTEGER NOT NULL,
    max_step INTEGER NOT NULL,
    sealed   INTEGER NOT NULL,
    content  BLOB    NOT NULL,
    PRIMARY KEY (job, name, attempt, chunk)
);

CREATE TABLE progress (
    job     INTEGER PRIMARY KEY,
    content TEXT NOT NULL
);
