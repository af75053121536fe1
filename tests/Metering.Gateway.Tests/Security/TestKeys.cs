using System.Net.Http.Headers;
using Metering.Contracts;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Tests.Security;

/// <summary>Keys that a test made, and their texts.</summary>
internal sealed class TestKeys
{
    public const string AdminKey = "an-admin-key-of-the-settings-that-only-tests-have";

    private readonly List<ApiKey> _keys = [];

    /// <summary>A gateway that knows callers by these keys only.</summary>
    public async Task<GatewayHost> Start(Action<GatewayOptions>? configure = null, ILoggerProvider? log = null)
    {
        var gateway = await GatewayHost.Start(
            options =>
            {
                options.Access = new AccessOptions { Access = Access.Keys, AdminKey = AdminKey };
                configure?.Invoke(options);
            },
            grains => grains.Keys.Ring = new KeyRing { Keys = [.. _keys], HasHadKeys = true },
            log);
        return gateway;
    }

    /// <summary>A gateway whose HTTP client is an admin.</summary>
    public static async Task<GatewayHost> StartAsAdmin()
    {
        var gateway = await new TestKeys().Start();
        gateway.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        return gateway;
    }

    /// <summary>Adds a key, before the gateway starts.</summary>
    /// <returns>Its text.</returns>
    public string Add(Role role, Func<ApiKey, ApiKey>? change = null)
    {
        var (id, text) = KeyText.New();
        var key = new ApiKey { Id = id, Name = "test", Role = role, Secrets = [new KeySecret(KeyText.Hash(text), null)] };
        _keys.Add(change?.Invoke(key) ?? key);
        return text;
    }
}
