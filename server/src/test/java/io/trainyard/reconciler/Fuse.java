package io.trainyard.reconciler;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Ends the server at a chosen call of the store or a backend, before or after its effect. */
final class Fuse {
    private int left = -1;
    private boolean afterTheEffect;
    int burnt;

    /** The process is gone in the middle of whatever it did; no code of ours catches it. */
    static final class Crash extends Error {
        private static final long serialVersionUID = 1;

        Crash(String where) {
            super(where, null, false, false);
        }
    }

    void light(int calls, boolean after) {
        left = calls;
        afterTheEffect = after;
    }

    void out() {
        left = -1;
    }

    private void pass(String where, boolean after) {
        if (left < 0 || after != afterTheEffect || left-- > 0) return;
        burnt++;
        throw new Crash(where);
    }

    /** The same port with the fuse on every verb. */
    <T> T wire(Class<T> port, T target) {
        return port.cast(Proxy.newProxyInstance(
                port.getClassLoader(), new Class<?>[] {port}, (_, method, arguments) -> {
                    String where = port.getSimpleName() + "." + method.getName();
                    pass("before " + where, false);
                    try {
                        Object answer = method.invoke(target, arguments);
                        pass("after " + where, true);
                        return answer;
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getTargetException();
                    }
                }));
    }
}
