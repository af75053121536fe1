using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Metering.Gateway.Tests.Clusters;

/// <summary>A process whose settings cannot be used says why in one line and ends with 1.</summary>
public sealed class SettingsTests
{
    private const string Redis = "Metering__Redis=127.0.0.1:1";

    [Theory]
    [InlineData("Metering__Redis is missing")]
    [InlineData("Metering__Redis is missing", "Metering__Redis=")]
    [InlineData("Metering__Redis is no connection string", "Metering__Redis=host:1,nonsense=1")]
    [InlineData("Metering__Redis is no connection string", "Metering__Redis=password=secret")]
    [InlineData("Metering__Nope is not a setting", Redis, "Metering__Nope=1")]
    [InlineData("Metering__DataDirectory is not a setting", Redis, "Metering__DataDirectory=./data")]
    [InlineData("Metering__HttpPort is '65536'", Redis, "Metering__HttpPort=65536")]
    [InlineData("Metering__GrpcPort is '-1'", Redis, "Metering__GrpcPort=-1")]
    [InlineData("Metering__GrpcPort is 9000", Redis, "Metering__GrpcPort=9000", "Metering__HttpPort=9000")]
    [InlineData("Metering__Address is 'here'", Redis, "Metering__Address=here")]
    [InlineData("192.0.2.1", Redis, "Metering__Address=192.0.2.1")]
    [InlineData("Metering__Address is 0.0.0.0, where others would be let in without a key", Redis, "Metering__Address=0.0.0.0")]
    [InlineData("Metering__AdminKey must be 32 to 256", Redis, "Metering__AdminKey=secret")]
    [InlineData("Metering__JwtAuthority is 'http://issuer.example'; it must be an https address", Redis, "Metering__JwtAuthority=http://issuer.example", "Metering__JwtAudience=metering")]
    [InlineData("Metering__JwtAudience is missing", Redis, "Metering__JwtAuthority=https://issuer.example")]
    [InlineData("Metering__TlsKeyFile go together", Redis, "Metering__TlsCertificateFile=server.crt")]
    [InlineData("are no certificate and its key in PEM", Redis, "Metering__TlsCertificateFile=none.crt", "Metering__TlsKeyFile=none.key")]
    [InlineData("Metering__Access is Open, and Metering__AdminKey is set", Redis, "Metering__Access=Open", "Metering__AdminKey=secret-secret-secret-secret-secret")]
    [InlineData("Metering__TrustedProxies has 'proxy.example'", Redis, "Metering__TrustedProxies=10.0.0.0/8, proxy.example")]
    [InlineData("Metering__TrustedProxies has '0.0.0.0/0'", Redis, "Metering__TrustedProxies=0.0.0.0/0")]
    [InlineData("Metering__TrustedProxies has '10.0.0.0/33'", Redis, "Metering__TrustedProxies=10.0.0.0/33")]
    [InlineData("Metering__TrustedProxies is set, and whoever comes through them would be let in without a key", Redis, "Metering__TrustedProxies=192.0.2.7")]
    [InlineData("Metering__ClusterId is 'a b'", Redis, "Metering__ClusterId=a b")]
    [InlineData("Metering__SiloTimeout is '00:00:00.049'", Redis, "Metering__SiloTimeout=00:00:00.049")]
    [InlineData("Metering__RequestTimeout is 00:00:01; it must be at least Metering__SiloTimeout", Redis, "Metering__SiloTimeout=00:00:02", "Metering__RequestTimeout=00:00:01")]
    [InlineData("Metering__ShutdownTimeout is 'soon'", Redis, "Metering__ShutdownTimeout=soon")]
    public async Task What_is_wrong_is_said_in_one_line(string expected, params string[] settings)
    {
        var (exitCode, error, output) = await Run(settings);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("Metering did not start: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (exitCode, error, _) = await Run([Redis, $"Metering__HttpPort={port}"]);

        Assert.Equal(1, exitCode);
        Assert.Contains($"127.0.0.1:{port}", error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n', StringComparison.Ordinal));
    }

    private static async Task<(int ExitCode, string Error, string Output)> Run(IEnumerable<string> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Metering.Gateway.dll")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["Metering__HttpPort"] = start.Environment["Metering__GrpcPort"] = "0";
        foreach (var setting in settings.Select(setting => setting.Split('=', 2)))
        {
            start.Environment[setting[0]] = setting[1];
        }

        using var process = Process.Start(start)!;
        try
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, await error, output);
        }
        finally
        {
            process.Kill();
        }
    }
}
