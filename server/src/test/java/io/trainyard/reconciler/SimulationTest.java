package io.trainyard.reconciler;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.secrets.Sealer;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Thousands of small worlds, each from a seed; a broken one names its seed and how to see it again. */
class SimulationTest {
    private static final System.Logger LOG = System.getLogger(SimulationTest.class.getName());
    private static final int CHAOTIC_TICKS = 200;

    @TempDir
    static Path folder;

    private static Sealer sealer;

    @BeforeAll
    static void open() {
        sealer = Sealer.open(folder.resolve("secrets.key"));
    }

    @Test
    void three_thousand_worlds_keep_every_promise() {
        Long only = Long.getLong(World.SEED);
        if (only == null) live(LongStream.range(0, 3_000));
        else live(LongStream.of(only));
    }

    @Test
    @Tag("long")
    void thirty_thousand_other_worlds_do_too() {
        live(LongStream.range(1_000_000, 1_030_000));
    }

    private static void live(LongStream seeds) {
        long ticks = 0;
        long attempts = 0;
        long crashes = 0;
        long worlds = 0;
        for (long seed : seeds.toArray()) {
            World world = new World(seed, sealer, Sabotage.NONE).live(CHAOTIC_TICKS);
            worlds++;
            ticks += world.ticks();
            attempts += world.attempts();
            crashes += world.crashes();
        }
        LOG.log(
                System.Logger.Level.INFO,
                "{0} worlds, {1} ticks, {2} attempts started, {3} crashes",
                worlds,
                ticks,
                attempts,
                crashes);
    }

    /** What finds nothing in a broken server would find nothing in ours. */
    @ParameterizedTest
    @CsvSource({
        "RELAUNCHES_WHAT_IS_GONE, was started 2 times",
        "DEAF_TO_CANCEL, and it ended",
        "TAKES_UNREACHABLE_FOR_LOST, is alive on",
        "FORGETS_GRANTS, was given twice",
        "SKIPS_THE_LAST_LINES, before its last line was read",
        "ACKNOWLEDGES_TOO_EARLY, an acknowledged job was lost"
    })
    void a_deliberate_mistake_is_found(Sabotage mistake, String verdict) {
        var found = assertThrows(AssertionError.class, () -> {
            for (long seed = 0; seed < 500; seed++) new World(seed, sealer, mistake).live(CHAOTIC_TICKS);
        });
        assertTrue(String.valueOf(found.getMessage()).contains(verdict), found::getMessage);
    }
}
