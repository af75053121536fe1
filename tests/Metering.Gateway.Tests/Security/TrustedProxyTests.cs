using System.Net;
using Grpc.Core;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Security;

/// <summary>Where a request came from, told by the proxies it came through. The audit log shows what is believed.</summary>
public sealed class TrustedProxyTests
{
    [Theory]
    [InlineData("", "203.0.113.9", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")]
    [InlineData("127.0.0.1/32", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.0/8,::1/128", "203.0.113.9:4711", "203.0.113.9")]
    [InlineData("127.0.0.1/32", "2001:db8::7", "2001:db8::7")]
    [InlineData("127.0.0.1/32", "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1/32,203.0.113.0/24", "192.0.2.66, 198.51.100.1, 203.0.113.9", "198.51.100.1")]
    [InlineData("127.0.0.1/32", "nobody", "127.0.0.1")]
    [InlineData("127.0.0.1/32", null, "127.0.0.1")]
    public async Task Only_proxies_that_are_trusted_say_where_a_request_came_from_and_only_as_far_as_they_wrote_it(string trusted, string? forwarded, string believed)
    {
        await using var gateway = await new TestKeys().Start(options => options.Access.TrustedProxies =
            [.. trusted.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static network => IPNetwork.Parse(network))]);
        (string, string) key = ("Authorization", $"Bearer {TestKeys.AdminKey}");
        (string, string)[] headers = forwarded is null ? [key] : [key, ("X-Forwarded-For", forwarded)];
        var metadata = new Metadata();
        foreach (var (name, value) in headers)
        {
            metadata.Add(name.ToLowerInvariant(), value);
        }

        await gateway.Send(HttpMethod.Put, "/v1/accounts/acme", "{}"u8.ToArray(), "application/json", headers);
        await gateway.Client.PutAccountAsync(new V1.PutAccountRequest { Account = "acme" }, new CallOptions(metadata, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal([believed, believed], gateway.Grains.Audit.Begun.Select(static intent => intent.Address));
    }
}
