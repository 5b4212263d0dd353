package io.trainyard.backend.vertex;

/** What {@link FakeVertex} does to the next call of a method instead of answering it. */
public sealed interface Fault {
    /** This one is answered, the fault is for a later one. */
    record None() implements Fault {}

    /** Nothing is done. */
    record Refuse(int status, String word, String message) implements Fault {}

    /** It is done, and the answer never arrives. */
    record LoseAnswer() implements Fault {}

    /** It is done, and whoever asked waits for the answer until it goes away. */
    record Hang() implements Fault {}

    /** The connection breaks before anything is done. */
    record LoseRequest() implements Fault {}

    /** It is done, and answered so all the same. */
    record DoAndRefuse(int status, String word) implements Fault {}
}
