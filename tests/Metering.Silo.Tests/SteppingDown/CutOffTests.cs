using System.Globalization;
using System.Net;
using System.Text.Json;
using Metering.Silo.SteppingDown;
using Metering.TestServers;

namespace Metering.Silo.Tests.SteppingDown;

/// <summary>Silos as processes, and a way to Redis that can be cut for one of them.</summary>
public sealed class CutOffTests
{
    private static readonly HttpClient Http = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alone_without_Redis_it_turns_red_says_why_and_then_ends_with_one_line()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var link = CuttableLink.To(redis.Port);
        await using var other = SiloProgram.Start($"Redis={redis.ConnectionString}");
        await other.ReadyAsync();
        await using var silo = SiloProgram.Start($"Redis={link.Address}", "StepDownAfter=00:00:04");
        await silo.ReadyAsync();

        link.Cut();

        await StepsDownAsync(silo);
        Assert.Equal(HttpStatusCode.OK, (await HealthAsync(other)).Code);
    }

    [Fact]
    public async Task Alone_without_Azure_it_does_the_same_when_the_journal_is_there()
    {
        await using var azurite = await StartAzuriteAsync();
        await using var link = CuttableLink.To(azurite.Port);
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var other = SiloProgram.Start($"Redis={redis.ConnectionString}", "Journal=Azure", $"AzureStorage={azurite.ConnectionString}");
        await other.ReadyAsync();
        await using var silo = SiloProgram.Start(
            $"Redis={redis.ConnectionString}", "Journal=Azure", $"AzureStorage={AzuriteServer.ConnectionStringOf(IPEndPoint.Parse(link.Address))}", "StepDownAfter=00:00:04");
        await silo.ReadyAsync();

        link.Cut();

        await StepsDownAsync(silo);
    }

    [Fact]
    public async Task Started_while_it_is_cut_off_it_ends_with_one_line()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var link = CuttableLink.To(redis.Port);
        link.Cut();
        await using var silo = SiloProgram.Start($"Redis={link.Address},connectTimeout=500,connectRetry=1");

        var (exitCode, errors) = await silo.EndedAsync();

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"Metering did not start: Redis {link.Address} cannot be reached", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_nobody_to_take_over_it_stays_and_serves_again_with_Redis()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var link = CuttableLink.To(redis.Port);
        await using var silo = SiloProgram.Start($"Redis={link.Address}");
        await silo.ReadyAsync();

        link.Cut();
        await UntilAsync(silo, static health => SilentSeconds(health.Reasons) > 3);
        link.Heal();

        await UntilAsync(silo, static health => health.Code == HttpStatusCode.OK);
    }

    [Fact]
    public async Task With_Redis_away_from_all_nobody_goes()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        await using var one = SiloProgram.Start($"Redis={redis.ConnectionString}");
        await one.ReadyAsync();
        await using var other = SiloProgram.Start($"Redis={redis.ConnectionString}");
        await other.ReadyAsync();

        await redis.PauseAsync(Cancellation);
        await UntilAsync(one, static health => SilentSeconds(health.Reasons) > 3);
        await UntilAsync(other, static health => SilentSeconds(health.Reasons) > 3);
        await redis.ResumeAsync(Cancellation);

        await UntilAsync(one, static health => health.Code == HttpStatusCode.OK);
        await UntilAsync(other, static health => health.Code == HttpStatusCode.OK);
    }

    private static async Task StepsDownAsync(SiloProgram silo)
    {
        var (_, reasons) = await UntilAsync(silo, static health => health.Code == HttpStatusCode.ServiceUnavailable);
        Assert.Contains("The journal's store has not answered this silo", reasons, StringComparison.Ordinal);
        var (exitCode, errors) = await silo.EndedAsync();
        Assert.Equal(ProcessEnd.ExitCode, exitCode);
        Assert.StartsWith("Metering steps down: ", Assert.Single(errors), StringComparison.Ordinal);
    }

    private static Task<AzuriteServer> StartAzuriteAsync()
    {
        if (AzuriteServer.Missing is { } reason)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }

        return AzuriteServer.StartAsync(isDurable: false);
    }

    private static double SilentSeconds(string reasons)
    {
        const string Before = "has not answered this silo for ";
        return reasons.IndexOf(Before, StringComparison.Ordinal) is >= 0 and var at
            ? double.Parse(reasons[(at + Before.Length)..].Split(' ')[0], CultureInfo.InvariantCulture)
            : 0;
    }

    private static async Task<(HttpStatusCode Code, string Reasons)> UntilAsync(SiloProgram silo, Predicate<(HttpStatusCode Code, string Reasons)> condition)
    {
        while (true)
        {
            var health = await HealthAsync(silo);
            if (condition(health))
            {
                return health;
            }

            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task<(HttpStatusCode Code, string Reasons)> HealthAsync(SiloProgram silo)
    {
        using var response = await Http.GetAsync(new Uri(silo.Health, "/healthz/ready"), Cancellation);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        return (response.StatusCode, string.Join(' ', body.RootElement.GetProperty("reasons").EnumerateArray().Select(static reason => reason.GetString())));
    }
}
