using System.Globalization;
using Metering.Core.Accounts;

namespace Metering.Core.Tests.Accounts;

/// <summary>Fetching ahead reads an account that another thread is in the middle of changing.</summary>
public sealed class FetchAheadTests
{
    [Fact]
    public async Task Whoever_fetches_ahead_while_a_turn_changes_the_account_neither_fails_nor_changes_it()
    {
        // So few ids are remembered that tables and blocks grow, are emptied and shrink all the time.
        var limits = new AccountLimits { MaxIds = 600, IdWindow = TimeSpan.FromMinutes(10) };
        var (scene, beside) = (new Scene(limits), new Scene(limits));
        using var over = new CancellationTokenSource();
        var account = scene.Account;
        var fetching = Task.Run(
            () =>
            {
                for (var i = 0; !over.IsCancellationRequested; i++)
                {
                    account.FetchAhead(i.ToString(CultureInfo.InvariantCulture));
                }
            },
            TestContext.Current.CancellationToken);

        Charge(scene);
        await over.CancelAsync();
        await fetching;

        Charge(beside);
        Assert.Equal(Scene.Bytes(beside.Account), Scene.Bytes(scene.Account));
    }

    [Fact]
    public void Nothing_an_account_holds_is_too_large_to_be_fetched_ahead()
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");

        // Usage is counted by the minute it was in: of a year's minutes the one whose ticks, cut to an integer, leave the least room above them.
        var year = Enumerable.Range(1, 366 * 24 * 60).Select(minute => scene.Clock + TimeSpan.FromMinutes(minute));
        scene.Clock = year.Select(at => new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero)).MaxBy(minute => unchecked((int)minute.UtcTicks));
        for (var i = 0; i < 2_000; i++)
        {
            var id = $"c{i}";
            Assert.NotNull(scene.Charge(id, "calls", "1").Charged);
            scene.Account.FetchAhead(id);
        }
    }

    private static void Charge(Scene scene)
    {
        for (var i = 0; i < 8_000; i++)
        {
            if (i % 2_000 == 0)
            {
                scene.Grant(i.ToString(CultureInfo.InvariantCulture), "10000000");
                scene.Clock += TimeSpan.FromMinutes(11);
            }

            Assert.NotNull(scene.Charge($"c{i}", i % 2 == 0 ? "calls" : "tokens", "1").Charged);
        }
    }
}
