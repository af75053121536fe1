using Orleans.Configuration;

namespace Metering.Silo;

/// <summary>
/// How silos find out that one is gone. What is asked of it: a killed silo's accounts answer again within 2 s, those of a host that vanished without a word
/// within 6 s, and a silo that is merely busy is never taken for dead.
/// </summary>
/// <remarks>
/// <para>Silos probe each other all the time. Orleans shortens the wait for an answer to what answers usually take, down to half of the probe timeout; the probes that fail are
/// direct ones and then one through another silo, so that a silo with a bad line of its own convicts nobody. Its failure is two votes at once, the asker's and the intermediary's;
/// two votes are needed whatever the setting, except among so few silos that there are no two to vote.</para>
/// <para>A killed process refuses connections, and is out after the last of its missed probes. A host that vanished leaves connections that look well: nobody votes while
/// something was heard from it within <c>MaxProbeTimeout</c> × missed probes. Orleans lets that grow to four times the probe timeout; here it does not, or the 6 s would be spent on it
/// alone. It is also what protects a busy silo: to be voted out it must have said nothing at all, to any of the voters, for that whole time.</para>
/// </remarks>
internal static class FailureDetection
{
    private const int Votes = 2;

    /// <summary>A vote counts this long: longer than it takes the others to notice, and not so long that two unlucky moments far apart add up.</summary>
    private static readonly TimeSpan VoteAge = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often a silo says in Redis that it is alive. A silo that has not for three times as long does not count when votes are, and silos that start
    /// among nothing but such (all others were killed together) vote them out and begin.
    /// </summary>
    private static readonly TimeSpan SayAliveEvery = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Changes are told by gossip at once; this is how soon a silo finds out that was not told, one that was paused and has been declared dead above all. It then ends its process.
    /// </summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    /// <summary>How long the entries of silos that are gone are kept, for operators to look at.</summary>
    private static readonly TimeSpan RememberDead = TimeSpan.FromDays(1);

    internal static void Configure(ClusterMembershipOptions membership, TimeSpan probeTimeout, int missedProbes)
    {
        membership.ProbeTimeout = probeTimeout;
        membership.MaxProbeTimeout = probeTimeout;
        membership.NumMissedProbesLimit = missedProbes;
        membership.NumVotesForDeathDeclaration = Votes;
        membership.DeathVoteExpirationTimeout = VoteAge;
        membership.IAmAliveTablePublishTimeout = SayAliveEvery;
        membership.TableRefreshTimeout = LookEvery;
        membership.DefunctSiloExpiration = RememberDead;
    }
}
