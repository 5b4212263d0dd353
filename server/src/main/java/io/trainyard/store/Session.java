package io.trainyard.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** One connection with its prepared statements, for one thread at a time. */
final class Session implements AutoCloseable {
    private static final int MAX_STATEMENTS = 128;
    private static final int BUSY_TIMEOUT_MILLIS = 5_000;
    private static final long NANOS = 1_000_000_000L;

    private final Connection connection;
    private final LinkedHashMap<String, PreparedStatement> statements = new LinkedHashMap<>(64, 0.75f, true);

    private Session(Connection connection) {
        this.connection = connection;
    }

    static Session open(Path file, String... pragmas) throws SQLException {
        var properties = new Properties();
        // Else the driver asks for the last row id after every single write.
        properties.setProperty("jdbc.get_generated_keys", "false");
        var session = new Session(DriverManager.getConnection("jdbc:sqlite:" + file, properties));
        try {
            session.script("PRAGMA busy_timeout=" + BUSY_TIMEOUT_MILLIS);
            session.script("PRAGMA journal_mode=WAL");
            for (String pragma : pragmas) session.script("PRAGMA " + pragma);
            return session;
        } catch (SQLException failed) {
            session.close();
            throw failed;
        }
    }

    interface Reading<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Runs one or more statements without values. */
    void script(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    /** @return how many rows changed */
    int update(String sql, @Nullable Object... values) throws SQLException {
        return run(sql, values, PreparedStatement::executeUpdate);
    }

    <T> List<T> all(String sql, Reading<T> reading, @Nullable Object... values) throws SQLException {
        return run(sql, values, statement -> {
            try (ResultSet rows = statement.executeQuery()) {
                var list = new ArrayList<T>();
                while (rows.next()) list.add(reading.read(rows));
                return list;
            }
        });
    }

    <T> Optional<T> first(String sql, Reading<T> reading, @Nullable Object... values) throws SQLException {
        return run(sql, values, statement -> {
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(reading.read(rows)) : Optional.empty();
            }
        });
    }

    private interface Execution<T> {
        T of(PreparedStatement statement) throws SQLException;
    }

    private <T> T run(String sql, @Nullable Object[] values, Execution<T> execution) throws SQLException {
        PreparedStatement statement = prepared(sql);
        try {
            for (int i = 0; i < values.length; i++) bind(statement, i + 1, values[i]);
            return execution.of(statement);
        } catch (SQLException failed) {
            // The driver ends a statement that met a full disk and the like; kept, it would fail for ever.
            statements.remove(sql);
            statement.close();
            throw failed;
        }
    }

    private PreparedStatement prepared(String sql) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement != null) return statement;
        PreparedStatement fresh = connection.prepareStatement(sql);
        statements.put(sql, fresh);
        if (statements.size() > MAX_STATEMENTS)
            statements.pollFirstEntry().getValue().close();
        return fresh;
    }

    private static void bind(PreparedStatement statement, int index, @Nullable Object value) throws SQLException {
        switch (value) {
            case null -> statement.setObject(index, null);
            case String text -> statement.setString(index, text);
            case Integer number -> statement.setInt(index, number);
            case Long number -> statement.setLong(index, number);
            case Boolean flag -> statement.setInt(index, flag ? 1 : 0);
            case Instant instant -> statement.setLong(index, nanos(instant));
            case byte[] bytes -> statement.setBytes(index, bytes);
            default -> throw new IllegalStateException("no column holds a " + value.getClass());
        }
    }

    /** Moments beyond what 64 bits of nanoseconds reach (the year 2262) are kept as the last one. */
    static long nanos(Instant instant) {
        long seconds = Math.clamp(instant.getEpochSecond(), Long.MIN_VALUE / NANOS + 1, Long.MAX_VALUE / NANOS - 1);
        return seconds * NANOS + instant.getNano();
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS));
    }

    static Instant instant(ResultSet row, int column) throws SQLException {
        return instant(row.getLong(column));
    }

    static Optional<Instant> moment(ResultSet row, int column) throws SQLException {
        long nanos = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(instant(nanos));
    }

    static Optional<Integer> integer(ResultSet row, int column) throws SQLException {
        int value = row.getInt(column);
        return row.wasNull() ? Optional.empty() : Optional.of(value);
    }

    static Optional<String> text(ResultSet row, int column) throws SQLException {
        return Optional.ofNullable(row.getString(column));
    }

    @Override
    public void close() throws SQLException {
        for (PreparedStatement statement : statements.values()) statement.close();
        statements.clear();
        connection.close();
    }
}
