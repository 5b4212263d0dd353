package io.trainyard.logs;

import io.trainyard.store.Logs;
import io.trainyard.store.Metrics;
import io.trainyard.store.Store;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A store whose server dies at one of its appends, before or after it is written. */
final class CutOff {
    static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    private int left;
    private final boolean after;

    CutOff(int appends, boolean after) {
        this.left = appends;
        this.after = after;
    }

    Store over(Store store) {
        Logs logs = wire(Logs.class, store.logs());
        Metrics metrics = wire(Metrics.class, store.metrics());
        return (Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(),
                new Class<?>[] {Store.class},
                (_, method, arguments) -> switch (method.getName()) {
                    case "logs" -> logs;
                    case "metrics" -> metrics;
                    default -> method.invoke(store, arguments);
                });
    }

    private <T> T wire(Class<T> port, T target) {
        return port.cast(Proxy.newProxyInstance(
                port.getClassLoader(), new Class<?>[] {port}, (_, method, arguments) -> {
                    boolean last = method.getName().equals("append") && left-- == 0;
                    if (last && !after) throw new Crash();
                    try {
                        Object answer = method.invoke(target, arguments);
                        if (last) throw new Crash();
                        return answer;
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getTargetException();
                    }
                }));
    }
}
