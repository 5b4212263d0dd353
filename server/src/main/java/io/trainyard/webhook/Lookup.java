package io.trainyard.webhook;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.SocketAddressResolver;

/**
 * Turns a host into the addresses that are connected to, each judged by the policy: no name can stand for one address
 * when it is judged and for another when it is connected to. Names are looked up on threads of their own, because a
 * silent DNS server holds a thread of the system for many seconds.
 */
final class Lookup implements SocketAddressResolver, AutoCloseable {
    static final int MAX_LOOKUPS = 32;
    private static final long IDLE_SECONDS = 10;

    private final AddressPolicy policy;
    private final Names names;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0,
            MAX_LOOKUPS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            work -> Thread.ofPlatform().name("webhook-names").daemon().unstarted(work));

    /** The address is none to connect to; the message says why. */
    static final class ForbiddenAddress extends Exception {
        private static final long serialVersionUID = 1;

        ForbiddenAddress(String message) {
            super(message, null, false, false);
        }
    }

    Lookup(AddressPolicy policy, Names names) {
        this.policy = policy;
        this.names = names;
    }

    @Override
    public void resolve(String host, int port, Map<String, Object> context, Promise<List<InetSocketAddress>> promise) {
        try {
            threads.execute(() -> resolve(host, port, promise));
        } catch (RejectedExecutionException tooMany) {
            promise.failed(new UnknownHostException(host + ": too many other names are being looked up"));
        }
    }

    private void resolve(String host, int port, Promise<List<InetSocketAddress>> promise) {
        try {
            List<InetAddress> found = names.addresses(host);
            for (InetAddress address : found) {
                Optional<String> objection = policy.objection(address);
                if (objection.isPresent()) throw new ForbiddenAddress(objection.get());
            }
            promise.succeeded(found.stream()
                    .map(address -> new InetSocketAddress(address, port))
                    .toList());
        } catch (Exception failed) { // whatever it is, somebody waits for it
            promise.failed(failed);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
