package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeapTest {
    private static final int KEPT = 20 << 10;
    private static final int MADE = 1 << 20;
    private static final long MIB = 1 << 20;

    /** A program of its own, as its collector is chosen at its start: what it makes lives long enough to become old. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            if (arguments[0].equals("watched")) Heap.watch();
            var alive = new ArrayDeque<byte[]>();
            for (int made = 0; made < MADE; made++) {
                alive.add(new byte[1 << 10]);
                if (alive.size() > KEPT) alive.remove();
            }
            System.out.println(Runtime.getRuntime().totalMemory() / MIB);
        }
    }

    private static long heapMib(String mode) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var command = List.of(
                java,
                "-XX:+UseSerialGC",
                "-Xms32m",
                "-Xmn16m",
                "-Xmx1g",
                "-XX:MaxHeapFreeRatio=40",
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                mode);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        return Long.parseLong(said.strip());
    }

    @Test
    void what_is_dead_does_not_make_the_heap_grow_to_its_limit() throws Exception {
        long watched = heapMib("watched");
        long alone = heapMib("alone");
        assertTrue(watched < 250, watched + " MiB");
        assertTrue(alone > 500, "the collector does it by itself now, and the class is not needed: " + alone + " MiB");
    }
}
