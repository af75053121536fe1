using CsCheck;
using Metering.Core.Entries;
using Metering.Core.Tests.Accounts;
using Metering.Core.Tests.Reference;

namespace Metering.Ledger.Tests;

/// <summary>What an account lived through, at random: every kind of entry.</summary>
internal static class Histories
{
    internal static Gen<IReadOnlyList<Entry>> Any { get; } = Moves.Any.Array[1, 120].Select<Action<Duel>[], IReadOnlyList<Entry>>(static moves =>
    {
        var duel = new Duel();
        foreach (var move in moves)
        {
            move(duel);
        }

        return duel.Scene.Entries;
    });

    /// <summary>An account that has 100 credits and charged some of them, one by one.</summary>
    internal static Scene Charged(int charges) => Charged(charges, TimeSpan.FromSeconds(1));

    /// <summary>The same, with some time between two charges.</summary>
    internal static Scene Charged(int charges, TimeSpan apart)
    {
        var scene = new Scene();
        scene.Grant("plan", "1000000");
        for (var charge = 1; charge <= charges; charge++)
        {
            scene.Clock += apart;
            scene.Charge($"c{charge}", "calls", "1");
        }

        return scene;
    }
}
