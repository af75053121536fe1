using System.Net;
using Metering.Contracts.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Metering.Gateway.Security;

/// <summary>
/// Proxies in front of the gateway whose word is taken on where a request came from (<c>X-Forwarded-For</c>). Anyone can send that header: without such a proxy it says nothing, and is not read.
/// </summary>
internal static class TrustedProxies
{
    public const int MaxNetworks = 64;

    /// <summary>Proxies that a request may have come through, one behind the other. What is further back is not looked at.</summary>
    private const int MaxHops = 8;

    private const char Separator = ',';
    private const char LengthSeparator = '/';

    /// <summary>Reads addresses and networks with commas between.</summary>
    /// <param name="section">The settings.</param>
    /// <param name="name">Of the setting.</param>
    /// <exception cref="SettingsException">One cannot be read, or is everybody's.</exception>
    public static IReadOnlyList<IPNetwork> Parse(SettingsSection section, string name)
    {
        var texts = section.Text(name, "").Split(Separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (texts.Length > MaxNetworks)
        {
            throw new SettingsException($"{SettingsSection.Name(name)} has {texts.Length} parts; it must have at most {MaxNetworks}.");
        }

        return [.. texts.Select(text => TryParse(text, out var network)
            ? network
            : throw new SettingsException($"{SettingsSection.Name(name)} has '{text}'; it must be addresses and networks with commas between, as in 10.1.0.0/16,192.0.2.7, and none that is everybody's."))];
    }

    /// <summary>From here on a request's remote address is the one that these name.</summary>
    public static void UseTrustedProxies(this IApplicationBuilder app, IReadOnlyList<IPNetwork> networks)
    {
        if (networks.Count == 0)
        {
            return;
        }

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = MaxHops };

        // It would trust this machine by itself.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in networks)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }

    private static bool TryParse(string text, out IPNetwork network)
    {
        if (text.Contains(LengthSeparator, StringComparison.Ordinal))
        {
            return IPNetwork.TryParse(text, out network) && network.PrefixLength > 0;
        }

        var isAddress = IPAddress.TryParse(text, out var address);
        network = isAddress ? new IPNetwork(address!, address!.GetAddressBytes().Length * 8) : default;
        return isAddress;
    }
}
