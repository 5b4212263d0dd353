package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Launch;
import io.trainyard.job.Cause;
import io.trainyard.job.Job;
import io.trainyard.job.Observation;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Deliberate mistakes: a simulation that does not find these finds nothing. */
enum Sabotage {
    NONE,
    /** Launches an attempt again that was seen and is gone. */
    RELAUNCHES_WHAT_IS_GONE,
    /** Does not hear that a job was cancelled. */
    DEAF_TO_CANCEL,
    /** Tries again somewhere else as soon as a backend is out of sight. */
    TAKES_UNREACHABLE_FOR_LOST,
    /** Does not know who holds a slot. */
    FORGETS_GRANTS,
    /** Writes an end down before the last lines are read. */
    SKIPS_THE_LAST_LINES,
    /** Says that a job is recorded and records nothing. */
    ACKNOWLEDGES_TOO_EARLY;

    private interface Call {
        @Nullable
        Object answer(Method method, @Nullable Object[] arguments) throws Throwable;
    }

    Jobs jobs(Jobs honest) {
        return switch (this) {
            case DEAF_TO_CANCEL ->
                proxy(Jobs.class, (method, arguments) -> {
                    Object answer = method.invoke(honest, arguments);
                    if (method.getName().equals("find") && answer instanceof Optional<?> found)
                        return found.map(Job.class::cast).map(job -> job.withWish(Wish.RUN, job.updated()));
                    return answer;
                });
            case FORGETS_GRANTS ->
                proxy(
                        Jobs.class,
                        (method, arguments) ->
                                method.getName().equals("live") ? List.of() : method.invoke(honest, arguments));
            case ACKNOWLEDGES_TOO_EARLY ->
                proxy(
                        Jobs.class,
                        (method, arguments) ->
                                method.getName().equals("create") && arguments[0] instanceof Jobs.NewJob wanted
                                        ? new Jobs.Creation.Created(wanted.job())
                                        : method.invoke(honest, arguments));
            case NONE, RELAUNCHES_WHAT_IS_GONE, TAKES_UNREACHABLE_FOR_LOST, SKIPS_THE_LAST_LINES -> honest;
        };
    }

    Backend backend(Backend honest) {
        return switch (this) {
            case TAKES_UNREACHABLE_FOR_LOST ->
                proxy(Backend.class, (method, arguments) -> {
                    Object answer;
                    try {
                        answer = method.invoke(honest, arguments);
                    } catch (InvocationTargetException thrown) {
                        if (!method.getName().equals("observe")) throw thrown;
                        answer = new Observation.Unreachable("thrown");
                    }
                    return answer instanceof Observation.Unreachable ? lost() : answer;
                });
            case RELAUNCHES_WHAT_IS_GONE -> {
                var launches = new HashMap<Object, Launch>();
                yield proxy(Backend.class, (method, arguments) -> {
                    if (method.getName().equals("launch") && arguments[0] instanceof Launch launch)
                        launches.put(launch.attempt(), launch);
                    Object answer = method.invoke(honest, arguments);
                    if (!(answer instanceof Observation.Missing)
                            || Optional.empty().equals(arguments[1])) return answer;
                    Launch again = launches.get(arguments[0]);
                    if (again == null) return answer;
                    honest.launch(again);
                    return new Observation.Unreachable("launched again");
                });
            }
            case NONE, DEAF_TO_CANCEL, FORGETS_GRANTS, SKIPS_THE_LAST_LINES, ACKNOWLEDGES_TOO_EARLY -> honest;
        };
    }

    private static Observation lost() {
        return new Observation.Ended(new Observation.Ending.Failure(Cause.NODE_LOST, "surely gone"), Duration.ZERO);
    }

    private static <T> T proxy(Class<T> port, Call call) {
        InvocationHandler handler = (_, method, arguments) -> {
            try {
                return call.answer(method, arguments);
            } catch (InvocationTargetException thrown) {
                throw thrown.getTargetException();
            }
        };
        return port.cast(Proxy.newProxyInstance(port.getClassLoader(), new Class<?>[] {port}, handler));
    }
}
