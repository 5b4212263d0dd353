package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.trainyard.backend.trainer.LastEvent;
import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Ending;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Why an attempt ended: what the trainer said last, else the exit status. */
final class Endings {
    private static final int MAX_TERMINATION_BYTES = 64 * 1024;
    private static final int MAX_LAST_LINE_BYTES = 4096;
    private static final int MAX_DETAIL_CHARACTERS = 300;
    private static final int SIGNALLED = 128;
    private static final int SIGKILL = 9;
    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(5, "SIGTRAP"),
            Map.entry(6, "SIGABRT"),
            Map.entry(7, "SIGBUS"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(10, "SIGUSR1"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(12, "SIGUSR2"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(14, "SIGALRM"),
            Map.entry(15, "SIGTERM"),
            Map.entry(24, "SIGXCPU"),
            Map.entry(25, "SIGXFSZ"),
            Map.entry(31, "SIGSYS"));

    private Endings() {}

    static final Ending.Failure LOST = new Ending.Failure(
            Cause.SUPERVISOR_LOST, "the process that watched the attempt is gone and left no exit status");
    static final Ending.Failure REBOOTED =
            new Ending.Failure(Cause.SUPERVISOR_LOST, "the machine was restarted while the attempt ran");
    static final Ending.Failure NEVER_RAN =
            new Ending.Failure(Cause.INTERRUPTED, "stopped before it started; it never ran");

    /** @param outOfMemoryKills how many processes the kernel killed for lack of memory since the attempt started */
    static Ending of(int status, Folder folder, long outOfMemoryKills) {
        return said(folder.termination()).orElseGet(() -> byStatus(status, folder.stderr(), outOfMemoryKills));
    }

    private static Optional<Ending> said(Path termination) {
        try {
            if (!Files.isRegularFile(termination) || Files.size(termination) > MAX_TERMINATION_BYTES)
                return Optional.empty();
            return LastEvent.failure(Files.readString(termination))
                    .map(failure -> new Ending.Failure(failure.cause(), cut(failure.detail())));
        } catch (IOException notATermination) {
            return Optional.empty();
        }
    }

    private static Ending byStatus(int status, Path stderr, long outOfMemoryKills) {
        String last = lastLine(stderr).map(line -> ": " + line).orElse("");
        if (status == 0) return new Ending.Success();
        if (status == 126) return new Ending.Failure(Cause.BAD_COMMAND, "the command cannot be run" + last);
        if (status == 127) return new Ending.Failure(Cause.BAD_COMMAND, "there is no such command" + last);
        if (status == SIGNALLED + SIGKILL) return killed(outOfMemoryKills);
        if (status > SIGNALLED && status <= SIGNALLED + 64) {
            int signal = status - SIGNALLED;
            return new Ending.Failure(
                    Cause.SIGNAL, "ended by " + SIGNALS.getOrDefault(signal, "signal " + signal) + last);
        }
        return new Ending.Failure(Cause.EXIT_CODE, "exited with code " + status + last);
    }

    private static Ending killed(long outOfMemoryKills) {
        return outOfMemoryKills > 0
                ? new Ending.Failure(
                        Cause.OUT_OF_MEMORY,
                        "killed (SIGKILL) while the kernel ended %d process(es) of this machine for lack of memory"
                                .formatted(outOfMemoryKills))
                : new Ending.Failure(Cause.SIGNAL, "killed (SIGKILL); it may have used too much memory");
    }

    private static Optional<String> lastLine(Path file) {
        try (var input = new RandomAccessFile(file.toFile(), "r")) {
            long from = Math.max(0, input.length() - MAX_LAST_LINE_BYTES);
            input.seek(from);
            var bytes = new byte[(int) Math.min(MAX_LAST_LINE_BYTES, input.length() - from)];
            input.readFully(bytes);
            List<String> lines = new String(bytes, UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
            return lines.isEmpty() ? Optional.empty() : Optional.of(cut(lines.getLast()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String cut(String text) {
        return text.length() <= MAX_DETAIL_CHARACTERS ? text : text.substring(0, MAX_DETAIL_CHARACTERS) + "…";
    }
}
