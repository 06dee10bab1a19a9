using System.Net;
using Larder.Storage.Upstreams;
using Larder.Testing;

namespace Larder.Storage.Tests.Upstreams;

public sealed class AddressGuardTests
{
    private readonly LoopbackConnector connector = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("203.0.113.7", AddressVerdict.Allowed)]
    [InlineData("8.8.8.8", AddressVerdict.Allowed)]
    [InlineData("172.15.255.255", AddressVerdict.Allowed)]
    [InlineData("172.32.0.0", AddressVerdict.Allowed)]
    [InlineData("2606:4700::1111", AddressVerdict.Allowed)]
    [InlineData("127.0.0.1", AddressVerdict.Loopback)]
    [InlineData("127.255.255.254", AddressVerdict.Loopback)]
    [InlineData("::1", AddressVerdict.Loopback)]
    [InlineData("::ffff:127.0.0.1", AddressVerdict.Loopback)]
    [InlineData("0.0.0.0", AddressVerdict.Private)]
    [InlineData("::", AddressVerdict.Private)]
    [InlineData("10.0.0.1", AddressVerdict.Private)]
    [InlineData("172.16.0.1", AddressVerdict.Private)]
    [InlineData("172.31.255.255", AddressVerdict.Private)]
    [InlineData("192.168.1.1", AddressVerdict.Private)]
    [InlineData("100.64.0.1", AddressVerdict.Private)]
    [InlineData("198.18.0.1", AddressVerdict.Private)]
    [InlineData("224.0.0.1", AddressVerdict.Private)]
    [InlineData("255.255.255.255", AddressVerdict.Private)]
    [InlineData("fd00::1", AddressVerdict.Private)]
    [InlineData("::ffff:10.0.0.1", AddressVerdict.Private)]
    [InlineData("::10.0.0.1", AddressVerdict.Private)]
    [InlineData("64:ff9b::10.0.0.1", AddressVerdict.Private)]
    [InlineData("2002:0a00:0001::", AddressVerdict.Private)]
    [InlineData("64:ff9b::8.8.8.8", AddressVerdict.Allowed)]
    [InlineData("169.254.169.254", AddressVerdict.LinkLocal)]
    [InlineData("fe80::1", AddressVerdict.LinkLocal)]
    [InlineData("::ffff:169.254.169.254", AddressVerdict.LinkLocal)]
    public void Address_is_judged_by_where_it_leads(string address, AddressVerdict verdict) =>
        Guard().Judge(IPAddress.Parse(address)).ShouldBe(verdict);

    [Theory]
    [InlineData("localhost", AddressVerdict.Loopback)]
    [InlineData("localhost.", AddressVerdict.Loopback)]
    [InlineData("[::1]", AddressVerdict.Loopback)]
    [InlineData("2130706433", AddressVerdict.Loopback)] // 127.0.0.1 as one number
    [InlineData("0x7f000001", AddressVerdict.Loopback)]
    [InlineData("0177.0.0.1", AddressVerdict.Loopback)]
    [InlineData("nowhere.example", AddressVerdict.Unresolvable)]
    [InlineData("mixed.example", AddressVerdict.Private)]
    [InlineData("public.example", AddressVerdict.Allowed)]
    public async Task Host_is_judged_by_all_its_addresses(string host, AddressVerdict verdict)
    {
        connector.Resolve("localhost", () => [IPAddress.Loopback]);
        connector.Resolve("mixed.example", () => [IPAddress.Parse("203.0.113.7"), IPAddress.Parse("10.0.0.1")]);
        connector.Resolve("public.example", () => [IPAddress.Parse("203.0.113.7")]);
        (await Guard().CheckAsync(host, 80, Token)).ShouldBe(verdict);
    }

    [Theory]
    [InlineData("repo.internal", 8081, true)]
    [InlineData("REPO.internal", 80, true)]
    [InlineData("other.internal", 8081, false)]
    [InlineData("port.internal", 8443, true)]
    [InlineData("port.internal", 443, false)]
    [InlineData("10.9.1.1", 80, true)]
    [InlineData("10.10.1.1", 80, false)]
    [InlineData("192.168.0.5", 80, true)]
    [InlineData("192.168.0.6", 80, false)]
    public async Task Allow_list_exempts_exactly_what_it_names(string host, int port, bool allowed)
    {
        foreach (var name in new[] { "repo.internal", "other.internal", "port.internal" })
            connector.Resolve(name, () => [IPAddress.Parse("10.1.1.1")]);
        var guard = Guard("repo.internal", "port.internal:8443", "10.9.0.0/16", "192.168.0.5");
        ((await guard.CheckAsync(host, port, Token)) == AddressVerdict.Allowed).ShouldBe(allowed);
    }

    [Fact]
    public void Entry_that_is_none_is_named() =>
        AddressGuard.Problems(["repo.internal", "10.0.0.0/8", "fd00::/8", "host:80", "not a host", "10.0.0.0/33", "host:99999"])
            .Select(problem => problem.Split('\'')[1]).ShouldBe(["not a host", "10.0.0.0/33", "host:99999"]);

    private AddressGuard Guard(params string[] allowed) => new(allowed, connector);
}
