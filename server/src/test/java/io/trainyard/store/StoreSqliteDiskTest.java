package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Outcome;
import io.trainyard.store.Jobs.Creation;
import io.trainyard.store.Samples.Draft;
import io.trainyard.store.Store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What only a store on a disk promises. */
class StoreSqliteDiskTest {
    @TempDir
    Path folder;

    private SqliteStore open() {
        return SqliteStore.open(folder, () -> NOON);
    }

    private static Job created(Store store, Draft draft) {
        return assertInstanceOf(Creation.Created.class, store.jobs().create(draft.wanted()))
                .job();
    }

    @Test
    void everything_is_there_after_a_restart() {
        Job job;
        try (Store store = open()) {
            job = created(store, Draft.PLAIN.withClientId("mine"));
        }
        try (Store store = open()) {
            assertEquals(Optional.of(job), store.jobs().find(job.id()));
            assertInstanceOf(
                    Creation.Repeated.class,
                    store.jobs().create(Draft.PLAIN.withClientId("mine").wanted()));
            created(store, Draft.PLAIN);
            assertEquals(
                    job,
                    store.jobs()
                            .list(Jobs.Filter.ALL, Optional.empty(), 10)
                            .jobs()
                            .getLast());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {FaultPoints.BEFORE_COMMIT, FaultPoints.AFTER_COMMIT})
    void after_a_crash_every_acknowledged_job_is_there(String point, @TempDir Path copy) throws Exception {
        var acknowledged = new ConcurrentLinkedQueue<Job>();
        var before = new AtomicReference<List<Job>>(List.of());
        var passed = new AtomicInteger();
        // The writer itself copies what a crash at this very point would leave.
        FaultPoints crash = reached -> {
            if (!reached.equals(point) || passed.incrementAndGet() != 20) return;
            before.set(List.copyOf(acknowledged));
            for (String name : List.of("trainyard.db", "trainyard.db-wal"))
                StoreSqliteDiskTest.copy(folder.resolve(name), copy.resolve(name));
        };
        try (Store store = SqliteStore.open(folder, () -> NOON, crash)) {
            StoreContractTest.inParallel(_ -> {
                while (passed.get() < 25) acknowledged.add(created(store, Draft.PLAIN));
            });
        }
        assertFalse(before.get().isEmpty());
        try (Store survivor = SqliteStore.open(copy, () -> NOON)) {
            for (Job job : before.get())
                assertEquals(Optional.of(job), survivor.jobs().find(job.id()));
            created(survivor, Draft.PLAIN);
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Test
    void a_second_server_is_kept_out_of_the_folder() {
        try (Store first = open()) {
            created(first, Draft.PLAIN);
            var refused = assertThrows(StoreException.class, this::open);
            assertTrue(String.valueOf(refused.getMessage()).contains(folder.toString()), refused.getMessage());
        }
        open().close();
    }

    @Test
    void an_empty_folder_gets_the_newest_schema_and_a_newer_one_is_refused() throws SQLException {
        open().close();
        try (var session = Session.open(folder.resolve("trainyard.db"))) {
            int version =
                    session.first("PRAGMA user_version", row -> row.getInt(1)).orElseThrow();
            assertEquals(Migrations.JOBS.size(), version);
            session.script("PRAGMA user_version=" + (version + 1));
        }
        var refused = assertThrows(StoreException.class, this::open);
        assertTrue(String.valueOf(refused.getMessage()).contains("newer Trainyard"), refused.getMessage());
        try (var session = Session.open(folder.resolve("trainyard.db"))) {
            session.script("PRAGMA user_version=" + Migrations.JOBS.size());
        }
        open().close();
    }

    @Test
    void a_database_of_the_first_version_keeps_its_attempts() throws SQLException {
        try (var session = Session.open(folder.resolve("some.db"))) {
            Migrations.apply(session, "some.db", Migrations.JOBS.subList(0, 1));
            session.script(
                    "INSERT INTO attempts (job, number, backend, content, created) VALUES (1, 1, 'local', '{}', 1)");
            Migrations.apply(session, "some.db", Migrations.JOBS);
            assertEquals(
                    Optional.of("local"),
                    session.first("SELECT backend FROM attempts WHERE handle IS NULL", row -> row.getString(1)));
        }
    }

    @Test
    void a_migration_that_fails_leaves_nothing_behind() throws SQLException {
        try (var session = Session.open(folder.resolve("some.db"))) {
            Migrations.apply(session, "some.db", Migrations.JOBS);
            var broken = new ArrayList<>(Migrations.JOBS);
            broken.add("broken.sql");
            assertThrows(SQLException.class, () -> Migrations.apply(session, "some.db", broken));
            assertEquals(
                    Optional.of(Migrations.JOBS.size()), session.first("PRAGMA user_version", row -> row.getInt(1)));
            assertEquals(
                    Optional.empty(),
                    session.first("SELECT 1 FROM sqlite_master WHERE name = 'half'", row -> row.getInt(1)));
        }
    }

    @Test
    void a_commit_that_fails_is_told_to_everyone_in_it_and_the_next_succeeds() throws InterruptedException {
        var failing = new AtomicBoolean();
        FaultPoints faults = point -> {
            if (point.equals(FaultPoints.BEFORE_COMMIT) && failing.get())
                throw new IllegalStateException("the disk is full");
        };
        try (Store store = SqliteStore.open(folder, () -> NOON, faults)) {
            Job before = created(store, Draft.PLAIN);
            failing.set(true);
            var told = new AtomicInteger();
            StoreContractTest.inParallel(_ -> {
                assertThrows(StoreException.class, () -> created(store, Draft.PLAIN));
                told.incrementAndGet();
            });
            assertEquals(StoreContractTest.CLIENTS, told.get());
            failing.set(false);
            Job after = created(store, Draft.PLAIN);
            assertEquals(
                    List.of(after, before),
                    store.jobs().list(Jobs.Filter.ALL, Optional.empty(), 100).jobs());
        }
    }

    @Test
    void a_full_disk_fails_the_verb_and_not_the_writer() throws SQLException {
        try (var session = Session.open(folder.resolve("full.db"))) {
            session.script("CREATE TABLE kept (content BLOB)");
            session.script("PRAGMA max_page_count=20");
            var writer = new Writer("full", session, FaultPoints.NONE, _ -> {});
            Writer.Work<Integer> large =
                    (inside, _) -> inside.update("INSERT INTO kept (content) VALUES (?)", new byte[200_000]);
            Writer.Work<Integer> small =
                    (inside, _) -> inside.update("INSERT INTO kept (content) VALUES (?)", new byte[20]);
            assertThrows(StoreException.class, () -> writer.write(large));
            assertEquals(1, writer.write(small));
            writer.close();
        }
    }

    @Test
    void a_work_that_fails_by_its_own_fault_takes_nobody_along() throws Exception {
        try (var session = Session.open(folder.resolve("some.db"))) {
            session.script("CREATE TABLE kept (number INTEGER PRIMARY KEY)");
            var writer = new Writer("some", session, FaultPoints.NONE, _ -> {});
            var failed = new AtomicInteger();
            StoreContractTest.inParallel(number -> {
                try {
                    writer.write((inside, _) -> {
                        inside.update("INSERT INTO kept (number) VALUES (?)", number);
                        if (number % 4 == 0) throw new IllegalArgumentException("not this one");
                        return number % 4 == 1 ? inside.update("INSERT INTO kept (number) VALUES (?)", number) : 1;
                    });
                } catch (IllegalStateException _) {
                    failed.incrementAndGet();
                }
            });
            assertEquals(StoreContractTest.CLIENTS / 2, failed.get());
            int kept = writer.write(
                    (inside, _) -> inside.first("SELECT count(*) FROM kept WHERE number % 4 > 1", row -> row.getInt(1))
                            .orElseThrow());
            assertEquals(StoreContractTest.CLIENTS / 2, kept);
            writer.close();
        }
    }

    @Test
    void a_closed_store_refuses_instead_of_waiting() {
        SqliteStore store = open();
        store.close();
        assertThrows(StoreException.class, () -> created(store, Draft.PLAIN));
        assertThrows(StoreException.class, () -> store.jobs().active());
        store.close();
    }

    @Test
    void a_listener_that_fails_harms_nobody() {
        try (Store store = open()) {
            store.subscribe(_ -> {
                throw new IllegalStateException("on purpose");
            });
            created(store, Draft.PLAIN);
            created(store, Draft.PLAIN);
        }
    }

    @Test
    void lines_whose_job_is_gone_are_swept_at_the_start() throws SQLException, IOException {
        Job job;
        Job stays;
        try (Store store = open()) {
            job = created(store, Draft.PLAIN);
            stays = created(store, Draft.PLAIN);
            for (Job each : List.of(job, stays))
                store.logs()
                        .append(
                                new Logs.Source(each.id(), 1, 0, "stdout"),
                                List.of(new Logs.NewLine(NOON, "hello")),
                                6);
            Job done = Samples.done(job, new Outcome.Succeeded());
            assertTrue(store.jobs().transition(done, Samples.event(done, Event.Kind.SUCCEEDED)));
        }
        try (var session = Session.open(folder.resolve("trainyard.db"))) {
            session.update("DELETE FROM jobs WHERE id = ?", job.id().value());
        }
        try (Store store = open()) {
            assertEquals(0, store.logs().last(job.id()));
            assertEquals(1, store.logs().last(stays.id()));
        }
        assertFalse(Files.notExists(folder.resolve("logs.db")));
    }
}
