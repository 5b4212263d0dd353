package io.trainyard.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;

/** Brings a database to the shape this server knows, one numbered script after the other, each in a transaction. */
final class Migrations {
    static final List<String> JOBS = List.of("V1__jobs.sql", "V2__handles.sql");
    static final List<String> LOGS = List.of("logs/V1__lines.sql");

    private Migrations() {}

    static void apply(Session session, String database, List<String> scripts) throws SQLException {
        int version = session.first("PRAGMA user_version", row -> row.getInt(1)).orElse(0);
        if (version > scripts.size())
            throw new Store.StoreException(
                    "%s was written by a newer Trainyard (schema %d, this one knows up to %d): start that one, or restore a backup"
                            .formatted(database, version, scripts.size()));
        for (int next = version + 1; next <= scripts.size(); next++) {
            String sql = script(scripts.get(next - 1));
            session.script("BEGIN IMMEDIATE");
            try {
                session.script(sql);
                session.script("PRAGMA user_version=" + next);
                session.script("COMMIT");
            } catch (SQLException failed) {
                session.script("ROLLBACK");
                throw failed;
            }
        }
    }

    private static String script(String name) {
        try (var in = Migrations.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException("missing from this build: " + name);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
