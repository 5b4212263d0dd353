package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.trainyard.backend.Backend;
import io.trainyard.job.Attempt;
import io.trainyard.job.JobId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The folder of one attempt: all that is known about it beyond the process table. Nobody but its owner may look in. */
record Folder(Path path) {
    private static final FileAttribute<?> OWNER_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> OWNER_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Pattern JOB = Pattern.compile("[A-Za-z0-9_-]{1,100}");
    private static final Set<OpenOption> NEW = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    private static final String NEVER = "never";
    private static final String OUTPUT = "output";

    static Folder of(Path home, Attempt attempt) {
        return new Folder(ofJob(home, attempt.job()).resolve(Integer.toString(attempt.number())));
    }

    private static Path ofJob(Path home, JobId id) {
        if (!JOB.matcher(id.value()).matches()) throw new IllegalArgumentException("no folder is named " + id);
        return home.resolve("jobs").resolve(id.value());
    }

    /** Where the attempts of a job leave their results unless it says otherwise. */
    static Path outputOf(Path home, JobId job) {
        return ofJob(home, job).resolve(OUTPUT);
    }

    /** Those of all attempts, also of jobs long gone. */
    static List<Folder> all(Path home) {
        Path jobs = home.resolve("jobs");
        if (!Files.isDirectory(jobs)) return List.of();
        try (var paths = Files.walk(jobs, 2)) {
            return paths.filter(path -> jobs.relativize(path).toString().matches("[^/]+/[0-9]+"))
                    .map(Folder::new)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new Backend.Unreachable("cannot list " + jobs, e);
        }
    }

    /** Whether the attempt was started. */
    sealed interface Started {
        record No() implements Started {}

        /** Created and not yet written: an instant later it is {@code By}, unless the shim died in between. */
        record Writing() implements Started {}

        record By(Supervisor shim) implements Started {}

        /** A stop came first. */
        record Never() implements Started {}
    }

    /** @param uptime at which the program ended */
    record Exit(int status, Duration uptime) {}

    Path work() {
        return path.resolve("work");
    }

    Path stdout() {
        return path.resolve("stdout");
    }

    Path stderr() {
        return path.resolve("stderr");
    }

    Path termination() {
        return path.resolve("termination");
    }

    Path runFile() {
        return path.resolve("run.json");
    }

    Path token() {
        return path.resolve("token");
    }

    /** What nobody shall read once the attempt is over: raw output, the push token, drafts cut short by a crash. */
    List<Path> confidential() throws IOException {
        if (!Files.exists(path)) return List.of();
        try (var files = Files.list(path)) {
            return files.filter(file -> List.of(stdout(), stderr(), token()).contains(file)
                            || file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    /** The same over the attempts of a job. */
    Path output() {
        return path.resolveSibling(OUTPUT);
    }

    Started started() {
        String text = text(path.resolve("started")).orElse(null);
        if (text == null) return new Started.No();
        if (text.strip().equals(NEVER)) return new Started.Never();
        String[] lines = text.split("\n", -1);
        if (lines.length < 3) return new Started.Writing();
        String[] where = lines[0].split(" ", -1);
        return ProcessTable.Entry.parse(lines[1])
                .<Started>map(shim -> new Started.By(new Supervisor(where[0], where[1], shim.pid(), shim.startTicks())))
                .orElseGet(Started.Writing::new);
    }

    /** Sees to it that the attempt can never start. */
    void neverStart() {
        try {
            make();
            createWhole(path.resolve("started"), (NEVER + "\n").getBytes(UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<Exit> exit() {
        return text(path.resolve("exit")).map(text -> {
            String[] fields = text.strip().split(" ", -1);
            return new Exit(
                    Integer.parseInt(fields[0]), fields.length > 1 ? Machine.seconds(fields[1]) : Duration.ZERO);
        });
    }

    /** The program has ended: children of the shim are now its own tools. */
    boolean exiting() {
        return Files.exists(path.resolve("exit.new")) || Files.exists(path.resolve("exit"));
    }

    /** Uptime at which whoever has not obeyed a stop is killed; absent while no stop was asked for. */
    Optional<Duration> stopDeadline() {
        return text(path.resolve("stopping")).map(text -> Machine.seconds(text.strip()));
    }

    /** The earliest counts: a stop said again, also by a server started anew, does not lengthen the grace. */
    void stopBefore(Duration uptime) {
        if (stopDeadline().filter(deadline -> deadline.compareTo(uptime) <= 0).isPresent()) return;
        try {
            write(path.resolve("stopping"), (uptime.toMillis() / 1000.0 + "\n").getBytes(UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether SIGTERM was sent: a second one makes many programs drop the work that they are saving. */
    boolean toldToStop() {
        return Files.exists(path.resolve("told"));
    }

    void tellToStop() {
        try {
            touch(path.resolve("told"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long outOfMemoryKillsBefore() {
        return text(path.resolve("oom-kills"))
                .map(text -> Long.parseLong(text.strip()))
                .orElse(Long.MAX_VALUE);
    }

    void outOfMemoryKillsBefore(long count) {
        try {
            write(path.resolve("oom-kills"), Long.toString(count).getBytes(UTF_8));
        } catch (IOException e) {
            // The attempt runs already; without the file a kill is only less well explained.
        }
    }

    void make() throws IOException {
        makeFolder(work());
    }

    static void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder, OWNER_FOLDER);
    }

    /** The raw output holds unmasked bytes. */
    void makeOutputFiles() throws IOException {
        touch(stdout());
        touch(stderr());
    }

    private static void touch(Path file) throws IOException {
        try {
            Files.createFile(file, OWNER_FILE);
        } catch (FileAlreadyExistsException e) {
            // A launch said twice.
        }
    }

    /** Whole or not at all, also for a reader in between. */
    static void write(Path file, byte[] content) throws IOException {
        Path draft = draft(file, content);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Whole, and only if nobody was first. */
    static void createWhole(Path file, byte[] content) throws IOException {
        Path draft = draft(file, content);
        try {
            Files.createLink(file, draft);
        } catch (FileAlreadyExistsException e) {
            // Somebody was first.
        } finally {
            Files.delete(draft);
        }
    }

    private static Path draft(Path file, byte[] content) throws IOException {
        String writer =
                ProcessHandle.current().pid() + "-" + Thread.currentThread().threadId() + "-" + System.nanoTime();
        Path draft = file.resolveSibling("." + file.getFileName() + "." + writer);
        try (var channel = Files.newByteChannel(draft, NEW, OWNER_FILE)) {
            var buffer = ByteBuffer.wrap(content);
            while (buffer.hasRemaining()) channel.write(buffer);
        }
        return draft;
    }

    private static Optional<String> text(Path file) {
        // Most looks are for a file that is not there, and an exception costs more than a question.
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(Files.readString(file, ISO_8859_1));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
