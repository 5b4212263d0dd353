package io.trainyard.store;

/** Where a crash test ends the process, or a failing disk is played: told the name of each point as it is passed. */
interface FaultPoints {
    String BEFORE_COMMIT = "before-commit";
    String AFTER_COMMIT = "after-commit";

    FaultPoints NONE = _ -> {};

    void reached(String point);
}
