package io.trainyard.backend.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PodLogFileTest {
    @TempDir
    Path home;

    private PodLogFile open() {
        return PodLogFile.open(home.resolve("rank-0"));
    }

    private static void print(PodLogFile log, String pod, String line) {
        log.begin(pod);
        log.append((line + "\n").getBytes(StandardCharsets.UTF_8), log.cursor().ended(false));
    }

    @Test
    void a_pod_that_was_replaced_is_not_read_again() {
        PodLogFile log = open();
        print(log, "first", "one");
        log.finish("first");
        print(log, "second", "two");
        assertTrue(log.finished("first"));
        assertFalse(log.finished("second"));
        log.finish("second");
        for (PodLogFile each : new PodLogFile[] {log, open()}) {
            assertTrue(each.finished("first"));
            assertTrue(each.finished("second"));
            assertEquals("one\ntwo\n", new String(each.read(0, 100), StandardCharsets.UTF_8));
        }
    }
}
