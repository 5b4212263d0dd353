package io.trainyard.progress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.progress.Told.Checkpoint;
import io.trainyard.progress.Told.Evaluated;
import io.trainyard.progress.Told.Stepped;
import io.trainyard.progress.Told.Warning;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinesTest {
    private static final Map<String, Double> HF =
            Map.of("loss", 1.23, "grad_norm", 0.5, "learning_rate", 5e-5, "epoch", 0.1);

    @Test
    void our_trainers_events_are_understood() {
        assertEquals(
                Optional.of(new Stepped(
                        Optional.of(12L),
                        Optional.of(300L),
                        Optional.of(Duration.ofMillis(61_500)),
                        Map.of("loss", 1.5))),
                Lines.read(
                        "{\"v\":1,\"seq\":9,\"attempt\":1,\"event\":\"step\",\"step\":12,\"total_steps\":300,\"eta_seconds\":61.5,\"loss\":1.5,\"note\":\"x\"}"));
        assertEquals(
                Optional.of(new Evaluated(Optional.of(12L), Map.of("eval_loss", 1.25))),
                Lines.read("  {\"event\": \"eval\", \"step\": 12, \"eval_loss\": 1.25}  "));
        assertEquals(
                Optional.of(new Checkpoint(100, "file:///out/100")),
                Lines.read("{\"event\":\"checkpoint\",\"step\":100,\"uri\":\"file:///out/100\"}"));
        assertEquals(Optional.of(new Warning("no GPU")), Lines.read("{\"event\":\"warning\",\"message\":\"no GPU\"}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'loss': 1.23, 'grad_norm': 0.5, 'learning_rate': 5e-05, 'epoch': 0.1}",
                "{'loss': '1.23', 'grad_norm': '0.5', 'learning_rate': '5e-05', 'epoch': '0.1'}",
                "{'loss': 1.23, 'grad_norm': .5, 'learning_rate': 5E-05, 'epoch': +0.10}"
            })
    void the_dictionaries_of_the_hugging_face_trainer_too(String line) {
        assertEquals(
                Optional.of(new Stepped(Optional.empty(), Optional.empty(), Optional.empty(), HF)), Lines.read(line));
    }

    @Test
    void a_dictionary_of_an_evaluation_is_none_of_a_step() {
        assertEquals(
                Optional.of(new Evaluated(Optional.empty(), Map.of("eval_loss", 0.75, "epoch", 1.0))),
                Lines.read("{'eval_loss': 0.75, 'epoch': 1.0}"));
    }

    @Test
    void a_loss_that_is_no_number_any_more_still_is_a_step() {
        assertEquals(
                Optional.of(new Stepped(Optional.of(3L), Optional.empty(), Optional.empty(), Map.of("lr", 0.5))),
                Lines.read(
                        "{\"event\":\"step\",\"step\":3,\"loss\":NaN,\"grad_norm\":Infinity,\"lr\":0.5,\"x\":1e999}"));
        assertEquals(
                Optional.of(new Stepped(Optional.empty(), Optional.empty(), Optional.empty(), Map.of("epoch", 0.5))),
                Lines.read("{'loss': nan, 'grad_norm': inf, 'big': 1e999, 'epoch': 0.5}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{}",
                "epoch 1: loss 0.5",
                "{'train_runtime': 12.5, 'train_samples_per_second': 4.0}",
                "{'loss'}",
                "{'loss': 'low'}",
                "{\"event\":\"step\"",
                "{\"event\":step}",
                "{\"event\":\"party\"}",
                "{\"event\":\"checkpoint\"}",
                "{\"event\":\"checkpoint\",\"step\":1.5}",
                "{\"event\":17}",
                "[\"event\"]",
                "{\"step\":1,\"loss\":2}"
            })
    void any_other_line_tells_nothing(String line) {
        assertEquals(Optional.empty(), Lines.read(line));
    }

    @Test
    void huge_lines_are_output_and_no_events() {
        assertEquals(
                Optional.empty(), Lines.read("{\"event\":\"step\",\"step\":1,\"x\":\"" + "y".repeat(20_000) + "\"}"));
        assertEquals(Optional.empty(), Lines.read("{'a': " + "1".repeat(16_000) + "x}"));
        assertEquals(Optional.empty(), Lines.read("{\"event\":" + "[".repeat(8_000) + "]".repeat(8_000) + "}"));
    }
}
