CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    id     TEXT    NOT NULL UNIQUE,
    lines  INTEGER NOT NULL
);

CREATE TABLE sources (
    job      INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    rank     INTEGER NOT NULL,
    stream   TEXT    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (job, attempt, rank, stream)
) WITHOUT ROWID;

-- first is the number of the chunk's first line.
CREATE TABLE chunks (
    job     INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    lines   INTEGER NOT NULL,
    sealed  INTEGER NOT NULL,
    content BLOB    NOT NULL,
    PRIMARY KEY (job, first)
);
