package io.trainyard.webhook;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** What names stand for. Handed in, so that a test can let a name stand for anything, and for something else later. */
public interface Names {
    Names SYSTEM = host -> List.of(InetAddress.getAllByName(host));

    /** May take as long as it likes: callers give it a thread and a limit. */
    List<InetAddress> addresses(String host) throws UnknownHostException;
}
