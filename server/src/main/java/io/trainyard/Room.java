package io.trainyard;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Says which rooms (packages below {@code io.trainyard}) this room may call; {@code RoomsTest} holds it to that. */
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.PACKAGE)
public @interface Room {
    /** Names of rooms such as {@code "job"} or {@code "backend.local"}. A room always may use itself. */
    String[] mayUse();
}
