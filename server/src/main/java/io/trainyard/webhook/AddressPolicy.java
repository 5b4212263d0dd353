package io.trainyard.webhook;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which addresses this server posts to. Addresses that only a machine's own infrastructure answers at (metadata
 * services, link-local) never; loopback and private networks by setting, since receivers in the same cluster are the
 * usual case. Judged without DNS when a job is handed in, and again for the very address that is connected to.
 */
public final class AddressPolicy {
    /** Loopback, private and other networks that are not the internet's. */
    public enum Private {
        ALLOW,
        REFUSE
    }

    private enum Reach {
        PUBLIC,
        PRIVATE,
        NEVER
    }

    /** @param bits of the beginning that count */
    private record Network(byte[] address, int bits, Reach reach) {
        static Network of(String notation, Reach reach) {
            String[] parts = notation.split("/", -1);
            return new Network(InetAddress.ofLiteral(parts[0]).getAddress(), Integer.parseInt(parts[1]), reach);
        }

        boolean holds(byte[] other) {
            if (other.length != address.length) return false;
            for (int bit = 0; bit < bits; bit++)
                if (((address[bit / 8] ^ other[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
            return true;
        }
    }

    private static final List<Network> NETWORKS = List.of(
            Network.of("169.254.0.0/16", Reach.NEVER), // link-local, with most clouds' metadata
            Network.of("fe80::/10", Reach.NEVER),
            Network.of("fd00:ec2::/32", Reach.NEVER), // metadata and DNS of AWS
            Network.of("fd20:ce::254/128", Reach.NEVER), // metadata of Google
            Network.of("100.100.100.200/32", Reach.NEVER), // of Alibaba
            Network.of("168.63.129.16/32", Reach.NEVER), // of Azure
            Network.of("192.0.0.192/32", Reach.NEVER), // of Oracle
            Network.of("0.0.0.0/8", Reach.NEVER), // this machine, by an accident of some systems
            Network.of("::/128", Reach.NEVER),
            Network.of("224.0.0.0/3", Reach.NEVER), // multicast, reserved, broadcast
            Network.of("ff00::/8", Reach.NEVER),
            Network.of("127.0.0.0/8", Reach.PRIVATE),
            Network.of("::1/128", Reach.PRIVATE),
            Network.of("10.0.0.0/8", Reach.PRIVATE),
            Network.of("172.16.0.0/12", Reach.PRIVATE),
            Network.of("192.168.0.0/16", Reach.PRIVATE),
            Network.of("100.64.0.0/10", Reach.PRIVATE),
            Network.of("192.0.0.0/24", Reach.PRIVATE),
            Network.of("192.0.2.0/24", Reach.PRIVATE),
            Network.of("198.18.0.0/15", Reach.PRIVATE),
            Network.of("198.51.100.0/24", Reach.PRIVATE),
            Network.of("203.0.113.0/24", Reach.PRIVATE),
            Network.of("64:ff9b::/96", Reach.PUBLIC), // as the IPv4 address in it
            Network.of("2000::/3", Reach.PUBLIC));

    private static final Network LOOPBACK = Network.of("::1/128", Reach.PRIVATE);

    /** IPv6 addresses that lead to an IPv4 one, and where in them it stands. */
    private record Tunnel(Network network, int at, boolean inverted) {}

    private static final List<Tunnel> TUNNELS = List.of(
            new Tunnel(Network.of("::/96", Reach.PUBLIC), 12, false),
            new Tunnel(Network.of("::ffff:0:0:0/96", Reach.PUBLIC), 12, false),
            new Tunnel(Network.of("64:ff9b::/96", Reach.PUBLIC), 12, false),
            new Tunnel(Network.of("64:ff9b:1::/48", Reach.PUBLIC), 12, false),
            new Tunnel(Network.of("2002::/16", Reach.PUBLIC), 2, false),
            new Tunnel(Network.of("2001::/32", Reach.PUBLIC), 4, false),
            new Tunnel(Network.of("2001::/32", Reach.PUBLIC), 12, true));
    /** Bytes 8 to 11 of an ISATAP address, whose last four are an IPv4 one. */
    private static final List<byte[]> ISATAP =
            List.of(new byte[] {0, 0, 0x5E, (byte) 0xFE}, new byte[] {2, 0, 0x5E, (byte) 0xFE});

    private static final Set<String> METADATA_NAMES = Set.of(
            "metadata",
            "metadata.google.internal",
            "metadata.goog",
            "metadata.azure.internal",
            "metadata.azure.com",
            "metadata.tencentyun.com",
            "metadata.packet.net",
            "metadata.platformequinix.com",
            "instance-data",
            "instance-data.ec2.internal",
            "rancher-metadata");
    private static final List<String> PRIVATE_ENDINGS =
            List.of(".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc", ".test");

    private final Private privates;

    public AddressPolicy(Private privates) {
        this.privates = privates;
    }

    /** What speaks against this URL, as far as it can be known without DNS: a sentence with its remedy. */
    public Optional<String> objection(String url) {
        try {
            Target target = Target.of(url);
            Optional<InetAddress> address = target.address();
            return address.isPresent() ? objection(address.get()) : nameObjection(target.host());
        } catch (Target.Unusable unusable) {
            return Optional.of(unusable.why());
        }
    }

    private Optional<String> nameObjection(String host) {
        if (METADATA_NAMES.contains(host)) return Optional.of(host + " names a metadata service, which is never told");
        boolean known = host.indexOf('.') < 0 || PRIVATE_ENDINGS.stream().anyMatch(host::endsWith);
        return known ? privately(host) : Optional.empty();
    }

    private Optional<String> privately(String host) {
        return privates == Private.ALLOW
                ? Optional.empty()
                : Optional.of(host + " is not on the internet: this server tells public addresses only"
                        + " (trainyard.webhooks.private-addresses)");
    }

    /** What speaks against connecting to this address. */
    Optional<String> objection(InetAddress address) {
        return switch (reach(address.getAddress())) {
            case PUBLIC -> Optional.empty();
            case PRIVATE -> privately(address.getHostAddress());
            case NEVER ->
                Optional.of(address.getHostAddress()
                        + " is link-local, a metadata service or nobody's address, and is never told");
        };
    }

    private static Reach reach(byte[] address) {
        Reach worst = listed(address);
        if (LOOPBACK.holds(address)) return worst;
        for (Tunnel tunnel : TUNNELS)
            if (tunnel.network().holds(address))
                worst = worse(worst, embedded(address, tunnel.at(), tunnel.inverted()));
        for (byte[] isatap : ISATAP)
            if (address.length == 16 && Arrays.equals(address, 8, 12, isatap, 0, 4))
                worst = worse(worst, embedded(address, 12, false));
        return worst;
    }

    private static Reach listed(byte[] address) {
        for (Network network : NETWORKS) if (network.holds(address)) return network.reach();
        // Beyond 2000::/3 nothing of IPv6 is the internet's; of IPv4 all that is left is.
        return address.length == 4 ? Reach.PUBLIC : Reach.PRIVATE;
    }

    private static Reach embedded(byte[] address, int at, boolean inverted) {
        byte[] inner = Arrays.copyOfRange(address, at, at + 4);
        if (inverted) for (int i = 0; i < inner.length; i++) inner[i] = (byte) ~inner[i];
        return listed(inner);
    }

    private static Reach worse(Reach one, Reach other) {
        return one.compareTo(other) >= 0 ? one : other;
    }
}
