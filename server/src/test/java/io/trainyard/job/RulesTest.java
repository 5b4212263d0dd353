package io.trainyard.job;

import static io.trainyard.job.LifeCycle.JOB;
import static io.trainyard.job.LifeCycle.alternatives;
import static io.trainyard.job.LifeCycle.met;
import static io.trainyard.job.LifeCycle.observations;
import static io.trainyard.job.LifeCycle.states;
import static io.trainyard.job.LifeCycle.word;
import static io.trainyard.job.SomeJob.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The life cycle as one table. A new state, observation, ending, outcome or wish fails here until it has its cells. A
 * row speaks for the observations it names; {@code →} is written down, the rest is done or left alone.
 */
class RulesTest {
    /** Columns: RUN, PAUSE, CANCEL, DELETE. */
    private static final String TABLE = """
            queued
                whatever is seen                               | rest        | → paused    | → cancelled | → cancelled
            launching, unheard
                missing                                        | launch      | → pausing   | → stopping  | → stopping
                waiting, held back                             | → launching | → pausing   | → stopping  | → stopping
                active                                         | → running   | → pausing   | → stopping  | → stopping
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure                                   | → failed    | → paused    | → cancelled | → cancelled
                infrastructure                                 | → retry     | → paused    | → cancelled | → cancelled
                unreachable                                    | rest        | → pausing   | → stopping  | → stopping
            launching, accepted
                missing                                        | → retry     | → pausing   | → stopping  | → stopping
                waiting, held back                             | → launching | → pausing   | → stopping  | → stopping
                active                                         | → running   | → pausing   | → stopping  | → stopping
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure                                   | → failed    | → paused    | → cancelled | → cancelled
                infrastructure                                 | → retry     | → paused    | → cancelled | → cancelled
                unreachable                                    | rest        | → pausing   | → stopping  | → stopping
            running
                missing                                        | → retry     | → pausing   | → stopping  | → stopping
                waiting, active, unreachable                   | rest        | → pausing   | → stopping  | → stopping
                held back                                      | → launching | → pausing   | → stopping  | → stopping
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure                                   | → failed    | → paused    | → cancelled | → cancelled
                infrastructure                                 | → retry     | → paused    | → cancelled | → cancelled
            stopping, unheard, then finish cancelled
                missing, waiting, held back, active, unreachable| tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure, infrastructure                   | → cancelled | → cancelled | → cancelled | → cancelled
            stopping, unheard, told, then finish cancelled
                missing, success, user failure, infrastructure | → cancelled | → cancelled | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, then finish cancelled
                missing, user failure, infrastructure          | → cancelled | → cancelled | → cancelled | → cancelled
                waiting, held back, active, unreachable        | tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
            stopping, told, then finish cancelled
                missing, success, user failure, infrastructure | → cancelled | → cancelled | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, unheard, then finish failed
                missing, waiting, held back, active, unreachable| tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure, infrastructure                   | → failed    | → failed    | → cancelled | → cancelled
            stopping, unheard, told, then finish failed
                missing, success, user failure, infrastructure | → failed    | → failed    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, then finish failed
                missing, user failure, infrastructure          | → failed    | → failed    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
            stopping, told, then finish failed
                missing, success, user failure, infrastructure | → failed    | → failed    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, unheard, then pause
                missing, waiting, held back, active, unreachable| tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure, infrastructure                   | → queued    | → paused    | → cancelled | → cancelled
            stopping, unheard, told, then pause
                missing, success, user failure, infrastructure | → queued    | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, then pause
                missing, user failure, infrastructure          | → queued    | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
            stopping, told, then pause
                missing, success, user failure, infrastructure | → queued    | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, unheard, then retry
                missing, waiting, held back, active, unreachable| tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
                user failure, infrastructure                   | → retry     | → paused    | → cancelled | → cancelled
            stopping, unheard, told, then retry
                missing, success, user failure, infrastructure | → retry     | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            stopping, then retry
                missing, user failure, infrastructure          | → retry     | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | tell stop   | tell stop   | tell stop   | tell stop
                success                                        | → succeeded | → succeeded | → cancelled | → cancelled
            stopping, told, then retry
                missing, success, user failure, infrastructure | → retry     | → paused    | → cancelled | → cancelled
                waiting, held back, active, unreachable        | rest        | rest        | rest        | rest
            paused
                whatever is seen                               | → queued    | rest        | → cancelled | → cancelled
            done, succeeded
                whatever is seen                               | rest        | rest        | rest        | rest
            done, failed
                whatever is seen                               | rest        | rest        | rest        | rest
            done, cancelled
                whatever is seen                               | rest        | rest        | rest        | rest
            done, rendered
                whatever is seen                               | rest        | rest        | rest        | rest
            """;

    @Test
    void every_state_meets_every_observation_under_every_wish() {
        assertEquals(TABLE, table());
    }

    @Test
    void the_table_knows_all_there_is() {
        assertEquals(alternatives(JobState.class), met(states().values()));
        assertEquals(alternatives(JobState.Then.class), met(LifeCycle.thens().values()));
        assertEquals(alternatives(Observation.class), met(observations().values()));
        assertEquals(alternatives(Observation.Ending.class), met(LifeCycle.endings()));
        assertEquals(alternatives(Outcome.class), met(LifeCycle.outcomes()));
        assertEquals(
                List.of("RUN", "PAUSE", "CANCEL", "DELETE"),
                Stream.of(Wish.values()).map(Wish::name).toList());
    }

    private static String table() {
        var text = new StringBuilder();
        states().forEach((name, state) -> {
            Map<String, List<String>> rows = new LinkedHashMap<>();
            observations()
                    .forEach((seen, observation) -> rows.computeIfAbsent(
                                    cells(state, observation), _ -> new ArrayList<>())
                            .add(seen));
            text.append(name).append('\n');
            rows.forEach((cells, seen) -> text.append("    %-47s| %s%n"
                    .formatted(
                            seen.size() == observations().size() ? "whatever is seen" : String.join(", ", seen),
                            cells)));
        });
        return text.toString();
    }

    private static String cells(JobState state, Observation seen) {
        var cells = new ArrayList<String>();
        for (Wish wish : Wish.values()) {
            Job job = JOB.withWish(wish, NOON).withState(state, NOON);
            cells.add("%-12s".formatted(word(SomeJob.RULES.next(job, seen, NOON.plusSeconds(10)))));
        }
        return String.join("| ", cells).strip();
    }
}
